-- Device rules that deny, in the order in which engines give them, and what pause and resume do: read in the container.
-- covers: linux.resources.devices.allow linux.resources.devices.type linux.resources.devices.major linux.resources.devices.minor
-- covers: linux.resources.devices.access
local check = require "check"
local oci = require "oci_bundle"

-- Opens /dev/mine, a node of the full device's number, for reading and for writing. The number is none that every container has.
local function opened(rules)
  return oci.output("true < /dev/mine && echo read; (true > /dev/mine) 2>/dev/null && echo write; true", function(c)
    c.linux.devices = { { path = "/dev/mine", type = "c", major = 10, minor = 229, fileMode = 438 } }
    c.linux.resources = { devices = rules }
  end)
end

if not tiny.stat("/dev/fuse") then check.skip("there is no /dev/fuse on this machine") end
local nothing, fuse = { allow = false, access = "rwm" }, { type = "c", major = 10, minor = 229 }
local function rule(allow, access) return { allow = allow, type = fuse.type, major = fuse.major, minor = fuse.minor, access = access } end
check.equal(opened { nothing, rule(true, "rw") }, "read\nwrite")
check.equal(opened { nothing, rule(true, "r") }, "read")
-- Docker's order: its list denies the device, and --device=…:r is added.
check.equal(opened { nothing, rule(false, "rwm"), rule(true, "r") }, "read")
check.equal(opened { nothing, rule(true, "rwm"), rule(false, "w") }, "read", "the last rule decides")

-- Pause: nothing runs, state says so, and resume goes on.
oci.succeeds { "create", "--bundle", (oci.bundle("while :; do date +%s%N > /now; sleep 0.01; done")), "c" }
oci.succeeds { "start", "c" }
local now = ("/proc/%d/root/now"):format(oci.state("c").pid)
oci.eventually(function() return tiny.stat(now) end, "the loop runs")
oci.fails("cannot resume container \"c\": it is running", { "resume", "c" })
oci.succeeds { "pause", "c" }
check.equal(oci.state("c").status, "paused")
local before = tiny.read_file(now)
tiny.poll({}, "100ms")
check.equal(tiny.read_file(now), before, "a paused container's file")
oci.fails("cannot pause container \"c\": it is paused", { "pause", "c" })
oci.fails("it is paused", { "exec", "c", "true" })
oci.succeeds { "resume", "c" }
check.equal(oci.state("c").status, "running")
oci.eventually(function() return tiny.read_file(now) ~= before end, "the loop goes on")
oci.succeeds { "pause", "c" }
oci.succeeds { "delete", "--force", "c" }
oci.nothing "c"
