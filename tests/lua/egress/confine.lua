-- The resolver's process, which parses hostile packets: it has no capabilities, can open no file, start no program, and reach no
-- other process. A probe runs in a process that is confined in the same way.
local check = require "check"
local rig = require "egress_rig"
local status_of = require "tiny.base.process_status"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE } } }
local c = rig.container("c", { "api.test:443" })
local status = require("tiny.egress.keeper").request(c, { op = "status" })
local function field(pid, name) return status_of(tiny.read_file(("/proc/%d/status"):format(pid)))[name] end
for _, name in ipairs { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" } do check.equal(field(status.resolver, name), "0000000000000000", name) end
check.equal(field(status.resolver, "NoNewPrivs"), "1")
check.equal(field(status.resolver, "Seccomp"), "2")
check.equal(field(status.resolver, "PPid"), tostring(status.pid))
-- Neither has the files of the supervisor and its caller: the log, the lock, the terminal.
local function files(pid)
  local kinds = {}
  for _, number in ipairs(tiny.list_dir(("/proc/%d/fd"):format(pid))) do
    local to = tiny.try(tiny.readlink, ("/proc/%d/fd/%s"):format(pid, number)) or ""
    if not to:find("^pipe:") and not to:find("^socket:") and to ~= "/dev/null" then table.insert(kinds, to) end
  end
  return table.concat(kinds, " ")
end
check.equal(files(status.resolver), "")
-- The keeper has the listeners of connect(2).
check.equal(files(status.pid):gsub("anon_inode:%[pidfd%]", ""):gsub("anon_inode:seccomp notify", ""):gsub("pidfd:%[%d+%]", ""):gsub("%s", ""), "")

-- The same confinement around a probe.
local probe = tiny.fork(function()
  local out = {}
  local function denied(what, f, ...)
    local _, err = tiny.try(f, ...)
    if not err then table.insert(out, what) end
  end
  local other = tiny.pidfd_open(1)
  require("tiny.egress.resolver").confine()
  denied("open", tiny.read_file, "/etc/passwd")
  denied("open proc", tiny.read_file, "/proc/self/status")
  denied("write", tiny.write_file, "/tmp/probe", "x")
  denied("list", tiny.list_dir, "/")
  denied("kill", tiny.kill, other, "SIGURG")
  denied("fork", tiny.fork, function() end)
  denied("exec", tiny.exec, { "/bin/true" })
  denied("unix", tiny.unix_connect, c.run .. "/egress.socket")
  denied("socketpair", tiny.socketpair)
  denied("netlink", tiny.links)
  denied("nft", tiny.egress_pin, c.id, { { addr = "192.0.2.1", protocol = "tcp", port = 80 } }, { seconds = 60 })
  denied("mount", tiny.mount_tmpfs, "/tmp")
  denied("netns", tiny.netns)
  denied("setuser", tiny.setuser, 0)
  assert(tiny.udp_bind("127.0.0.1:0"), "what it needs")
  if #out > 0 then tiny.fail("allowed: " .. table.concat(out, ", ")) end
end)
check.equal(probe:wait(), 0)

-- If it is killed, it is started again; meanwhile nothing is answered.
local resolver <close> = tiny.pidfd_open(status.resolver)
tiny.kill(resolver, "SIGKILL")
tiny.poll({}, "600ms")
check.equal(rig.lookup(c, "api.test"), 0, "after its death")
check.equal(rig.connect(c, rig.ONE, 443), "ok")
check.succeeds("rm", "-f", "c")
rig.down()
