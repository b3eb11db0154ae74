-- checkpoint and restore, as far as they get without a criu that works: what is refused, and how criu's errors are told. tests/clients/criu
-- saves and restores containers.
local check = require "check"
local oci = require "oci_bundle"
local protobuf = require "tiny.oci.protobuf"

-- The encoding of criu's messages: values as in the specification of Protocol Buffers, and back.
local function bytes(text) return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local FIELDS = { number = 1, text = 2, flag = 16, list = 4, inner = { 3, { number = 1 } } }
check.equal(bytes(protobuf.encode(FIELDS, { number = 150 })), "089601")
check.equal(bytes(protobuf.encode(FIELDS, { text = "testing" })), "120774657374696e67")
check.equal(bytes(protobuf.encode(FIELDS, { inner = { number = 150 } })), "1a03089601")
check.equal(bytes(protobuf.encode(FIELDS, { inner = { { number = 1 }, { number = 2 } } })), "1a0208011a020802")
check.equal(bytes(protobuf.encode(FIELDS, { inner = {}, list = { "a", "b" } })), "220161220162")
check.equal(bytes(protobuf.encode(FIELDS, { flag = true })), "800101")
local decoded = protobuf.decode(protobuf.encode(FIELDS, { number = 1 << 40, text = "x", flag = false }))
check.equal(("%d %s %d"):format(decoded[1], decoded[2], decoded[16]), "1099511627776 x 0")
local _, cut = tiny.try(protobuf.decode, "\x08\x96")
assert(cut.message:find "the message is cut off", cut.message)

-- The container's streams that are /dev/null are its own: criu saves only files of the container.
local path = oci.bundle "sleep 60"
local started = oci.run({ "run", "--detach", "--bundle", path, "x" }, { prepare = function()
  local null <close> = tiny.open("/dev/null", { read = true, write = true })
  tiny.dup2(null, 0)
end })
check.equal(started.status, 0)
local pid = oci.state("x").pid
local null = tiny.stat(("/proc/%d/fd/0"):format(pid))
check.equal(null.dev, tiny.stat("/dev/null", { root = ("/proc/%d/root"):format(pid) }).dev)
assert(null.dev ~= tiny.stat("/dev/null").dev, "it is the host's")

-- What is refused; the container runs on.
local function refused(text, words) return oci.fails(text, words) end
refused("the program no-criu is not installed", { "--criu", "no-criu", "checkpoint", "x" })
refused([[--criu: "/no/criu" is not a program]], { "--criu", "/no/criu", "checkpoint", "x" })
if not require("tiny.oci.criu").found() then return refused("the program criu is not installed", { "checkpoint", "x" }) end
refused("--parent-path: it must be relative to --image-path",
  { "checkpoint", "--image-path", "/tmp/images", "--parent-path", "/tmp", "x" })
refused("--parent-path: /tmp/images/none is not a directory", { "checkpoint", "--image-path", "/tmp/images", "--parent-path", "none", "x" })
refused([[--page-server: "here" is not ADDRESS:PORT]], { "checkpoint", "--page-server", "here", "x" })
refused([[--manage-cgroups-mode: "some" is not one of full, ignore, soft, strict]], { "checkpoint", "--manage-cgroups-mode", "some", "x" })
refused([[--empty-ns[0]: "pid" is not one of network]], { "checkpoint", "--empty-ns", "pid", "x" })
refused([[cannot restore container "x": it is running]], { "restore", "x" })
refused([[container "y" does not exist]], { "checkpoint", "y" })
refused("/tmp/none: there is no checkpoint", { "restore", "--bundle", path, "--image-path", "/tmp/none", "y" })
oci.nothing "y"
oci.succeeds { "create", "--bundle", path, "y" }
refused([[cannot checkpoint container "y": it is created]], { "checkpoint", "y" })
oci.succeeds { "delete", "--force", "y" }
-- An agent takes the listener, and answers nothing.
local agent = tiny.unix_listen "/tmp/agent"
local notifies = oci.bundle("sleep 60", function(config)
  config.linux.seccomp = {
    defaultAction = "SCMP_ACT_ALLOW", listenerPath = "/tmp/agent", syscalls = { { names = { "mknodat" }, action = "SCMP_ACT_NOTIFY" } },
  }
end)
oci.succeeds { "run", "--detach", "--bundle", notifies, "y" }
agent:close()
refused([[cannot checkpoint container "y": another process answers its system calls]], { "checkpoint", "y" })
oci.succeeds { "delete", "--force", "y" }

-- A criu that fails: it leaves no log, or says why.
local function program(text)
  tiny.write_file("/tmp/criu", "#!/bin/sh\n" .. text .. "\n", { mode = tonumber("755", 8) })
  return { "--criu", "/tmp/criu", "checkpoint", "--image-path", "/tmp/images", "x" }
end
refused([[cannot checkpoint container "x": criu: it ended with status 3 and wrote no log]], program "exit 3")
local said = refused([[cannot checkpoint container "x": criu: one cause; another]],
  program [[printf '(00.1) Error (a.c:1): earlier\n(00.2) Error (b.c:2): one cause\n(0.2) Error (c.c:3): another.\n(00.3) Error (d.c:3): Dumping FAILED.\n' > /tmp/images/dump.log]])
assert(said.err:find("hint: its whole log is /tmp/images/dump.log", 1, true), said.err)
check.equal(oci.state("x").status, "running")
check.equal(oci.succeeds({ "exec", "x", "echo", "there" }).out, "there\n")
-- This machine's own: it works, or says why not.
local done = oci.run { "checkpoint", "--leave-running", "--image-path", "/tmp/images", "x" }
assert(done.status == 0 or done.err:find('cannot checkpoint container "x": criu: ', 1, true), done.err)
check.equal(oci.state("x").status, "running")

-- A restore that fails leaves nothing.
tiny.write_file("/tmp/images/inventory.img", "no image")
refused([[cannot restore container "y": criu: it ended with status 4]],
  { "--criu", program("exit 4")[2], "restore", "--bundle", path, "--image-path", "/tmp/images", "y" })
oci.nothing "y"
-- Nor is a container restored where it cannot be confined as before.
local function unlike(text, change)
  refused(text, { "restore", "--bundle", (oci.bundle("true", change)), "--image-path", "/tmp/images", "y" })
  oci.nothing "y"
end
unlike("linux.netDevices: a restored container cannot be given network devices", function(c) c.linux.netDevices = { lo = {} } end)
unlike("linux.namespaces: a container cannot be restored into an existing cgroup namespace", function(c)
  for _, space in ipairs(c.linux.namespaces) do space.path = space.type == "cgroup" and "/proc/self/ns/cgroup" or nil end
end)
oci.succeeds { "delete", "--force", "x" }
oci.nothing()
