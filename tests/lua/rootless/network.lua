-- Networks without root: pasta and slirp4netns, with published ports. Both end with the container, and keep running if
-- its supervisor is killed.
local check = require "check"
local ordinary = require "ordinary"

for name, package in pairs { pasta = "passt", slirp4netns = "slirp4netns" } do
  if not require("tiny.net.rootless").find(name) then check.skip(name .. " is not installed (package " .. package .. ")") end
end
ordinary.make()

-- A tun device in this private host, and a link with a default route, which pasta reads.
tiny.mkdir("/tmp/dev")
tiny.mount_tmpfs("/tmp/dev")
tiny.mknod("/tmp/dev/tun", "char", { major = 10, minor = 200, mode = tonumber("600", 8) })
if not tiny.stat("/dev/net/tun") then check.skip("this kernel has no tun device") end
tiny.mount_bind("/tmp/dev/tun", "/dev/net/tun")
tiny.veth_pair({ name = "up0", addr = "10.77.0.1/24" }, { name = "up1" }):keep()
tiny.route_add("default", { via = "10.77.0.2" })

check.run_refused("network: /dev/net/tun cannot be opened by your user\n  hint: as root: modprobe tun && chmod 0666 /dev/net/tun", "--network", "bridge", "true")
assert(os.execute("chmod 666 /tmp/dev/tun"))
do
  local path = check.environment.PATH
  check.environment.PATH = "/nowhere"
  check.run_refused("network: rootless networking needs pasta or slirp4netns, and neither is in PATH\n"
    .. "  hint: install the package passt or slirp4netns; or use --network none or host", "--network", "bridge", "true")
  check.run_refused("network: pasta is not in PATH\n  hint: install the package passt", "--network", "pasta", "true")
  check.environment.PATH = path
end

local function get(url)
  local pipe = io.popen("busybox wget -q -O - " .. url .. " 2>/dev/null")
  local text = pipe:read("a")
  pipe:close()
  return text
end

-- The program for a network has reported that it listens; the one for a port answers as soon as it listens.
local function answers(url, text)
  local deadline = tiny.clock("monotonic") + 60
  while get(url) ~= text do
    assert(tiny.clock("monotonic") < deadline, url .. " does not answer")
    tiny.poll({}, "20ms")
  end
end

-- The helper processes of the container, by their arguments.
local function helpers()
  local found = {}
  for _, pid in ipairs(tiny.list_dir("/proc")) do
    local words = pid:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. pid .. "/cmdline") or ""
    if words:find(check.root .. "/run/", 1, true) and words:find("/network.", 1, true) then table.insert(found, pid) end
  end
  return #found
end

local SERVE = "mkdir -p /srv/w; hostname >/srv/w/index.html; exec busybox httpd -f -p 80 -h /srv/w"
for _, network in ipairs { "pasta", "slirp4netns" } do
  check.succeeds("run", "-d", "--name", "web", "--hostname", network, "--network", network, "-p", "127.0.0.1:18080:80", "--restart", "always", "sh", "-c", SERVE)
  answers("http://127.0.0.1:18080/", network .. "\n")
  check.equal(check.succeeds("port", "web"), "80/tcp -> 127.0.0.1:18080\n")
  check.equal(helpers(), 1, "one program serves it")
  local taken = check.run { "run", "--network", network, "-p", "18080:80", "true" }
  assert(taken.err:find("step network: port 18080 is published by container web\n", 1, true), taken.err)

  -- It keeps serving when its supervisor is killed, and the new supervisor ends it.
  local pid = math.tointeger(tonumber((check.succeeds("inspect", "--format", "state.supervisor.pid", "web"))))
  local supervisor = tiny.pidfd_open(pid)
  tiny.kill(supervisor, "SIGKILL")
  tiny.poll { supervisor }
  answers("http://127.0.0.1:18080/", network .. "\n")
  check.succeeds("ps")
  check.equal(helpers(), 1, "still the same")
  check.succeeds("restart", "-t", "0", "web")
  answers("http://127.0.0.1:18080/", network .. "\n")
  check.equal(helpers(), 1, "after a restart")
  check.succeeds("rm", "-f", "web")
  check.equal(helpers(), 0, "after its end")
  check.no_container()
  -- A random port, and a name server that answers in place of the host's.
  check.succeeds("run", "-d", "--name", "web", "--network", network, "-p", "80", "sh", "-c", SERVE)
  local port = check.succeeds("port", "web"):match("80/tcp %-> 0.0.0.0:(%d+)\n")
  answers(("http://127.0.0.1:%s/"):format(port), tiny.read_file(check.root .. "/names/web") .. "\n")
  check.succeeds("rm", "-f", "web")
end

-- If the command is killed while the helper creates the network, the next command removes the container and the helper
-- without waiting. There is no recorded pid at that point.
do
  local path = check.environment.PATH
  tiny.mkdir("/tmp/slow")
  tiny.write_file("/tmp/slow/pasta", "#!/bin/sh\nwhile :; do sleep 1; done\n", { mode = tonumber("755", 8) })
  check.environment.PATH = "/tmp/slow:" .. path
  local maker = check.start(function()
    tiny.setsid()
    tiny.dup2(tiny.open("/dev/null", { write = true }), 2)
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "run", "--network", "pasta", "true" }
  end)
  while helpers() ~= 1 do tiny.poll({}, "10ms") end
  tiny.kill(maker, "SIGKILL")
  maker:reap()
  local began = tiny.clock("monotonic")
  check.equal(check.succeeds("ps", "-aq"), "")
  assert(tiny.clock("monotonic") - began < 20, "it waited")
  check.equal(helpers(), 0)
  check.no_container()
  check.environment.PATH = path
end

-- `bridge` uses the first installed helper; its error message is reported, and nothing is left.
check.succeeds("run", "--rm", "--network", "bridge", "true")
tiny.link_del("up0")
local failed = check.run { "run", "--network", "pasta", "true" }
check.equal(failed.status, 125)
assert(failed.err:find("step network: network: pasta exited with status 1: ", 1, true), failed.err)
check.no_container()
check.equal(helpers(), 0)

check.run_refused("network: addresses and aliases cannot be chosen without root\n  hint: omit them, or run as root", "--network", "bridge:ip=10.10.0.5", "true")
check.run_refused("network: a rootless container can join only one network\n  hint: run as root to join several", "--network", "bridge", "--network", "bridge", "true")
