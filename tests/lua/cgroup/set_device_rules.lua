-- set_device_rules: devices that are not allowed can be neither opened nor created, on either cgroup version.
local check = require "check"

local function can(group, f, ...)
  local arguments, result = { ... }, nil
  local from, into = tiny.pipe()
  local child <close> = tiny.clone({ cgroup = group }, function()
    local _, err = tiny.try(f, table.unpack(arguments))
    into:write(err and err.code or "yes")
  end)
  into:close()
  result = from:read()
  child:wait()
  return result
end
local function open(path, how) tiny.open(path, how):close() end
local READ, WRITE = { read = true }, { write = true }
tiny.mkdir("/tmp/dev")
local dev <close> = tiny.mount_tmpfs("/tmp/dev", {})

local function rules_hold(group)
  group:set_device_rules { { type = "char", major = 1, minor = 3, access = "rw" }, { type = "char", major = 1, minor = 5, access = "r" },
    { type = "char", major = 5, access = "m" } }
  check.equal(can(group, open, "/dev/null", READ), "yes")
  check.equal(can(group, open, "/dev/null", WRITE), "yes")
  check.equal(can(group, open, "/dev/zero", READ), "yes")
  check.equal(can(group, open, "/dev/zero", WRITE), "EPERM")
  check.equal(can(group, open, "/dev/full", READ), "EPERM")
  check.equal(can(group, tiny.mknod, "/tmp/dev/null", "char", { major = 1, minor = 3 }), "EPERM")
  check.equal(can(group, tiny.mknod, "/tmp/dev/loop", "block", { major = 7, minor = 0 }), "EPERM")
  check.equal(can(group, tiny.mknod, "/tmp/dev/tty9", "char", { major = 5, minor = 9 }), "yes")
  check.equal(can(group, tiny.mknod, "/tmp/dev/b", "block", { major = 5, minor = 9 }), "EPERM", "another type")
  tiny.remove("/tmp/dev/tty9")
  -- New rules replace the old ones, for both types if none is named.
  tiny.set_device_rules(group.path, { { access = "m" }, { type = "char", major = 1, minor = 7, access = "rw" } })
  check.equal(can(group, open, "/dev/null", READ), "EPERM")
  check.equal(can(group, open, "/dev/full", READ), "yes")
  check.equal(can(group, tiny.mknod, "/tmp/dev/loop", "block", { major = 7, minor = 0 }), "yes")
  tiny.remove("/tmp/dev/loop")
  group:set_device_rules {}
  check.equal(can(group, open, "/dev/full", READ), "EPERM")
end

local group <close> = tiny.cgroup("devices-test")
local before = can(group, open, "/dev/full", READ)
check.equal(before, "yes")
rules_hold(group)

-- The other way: with the v1 controller only, if the host has both.
local v1, v2
for _, mount in ipairs(tiny.mounts()) do
  if mount.fstype == "cgroup" and mount.super_options:match("devices") then v1 = mount.target end
  if mount.fstype == "cgroup2" then v2 = mount.target end
end
if v1 and v2 then
  check.inside({ mount = true }, function()
    tiny.umount(v2, { detach = true })
    local other <close> = tiny.cgroup("devices-test-2", { controllers = { "devices" } })
    assert(other.folders.devices)
    rules_hold(other)
  end)
end

check.refuses('[1]: option "access": "rx" has letters other than r, w and m', tiny.set_device_rules, group, { { access = "rx" } })
check.refuses('[2]: option "access" is missing: one or more letters: r to read, w to write, m to create the device node (mknod(2)) (the devices that are allowed)',
  tiny.set_device_rules, group, { { access = "r" }, { major = 1 } })
check.refuses('[1]: option "type": "socket" is not one of "char"|"block" (the devices that are allowed)', tiny.set_device_rules, group, { { type = "socket", access = "r" } })
check.refuses('[1]: option "major": 4096 is not an integer from 0 to 4095 (the devices that are allowed)', tiny.set_device_rules, group, { { major = 4096, access = "r" } })
check.fails("ENOENT", tiny.set_device_rules, "no-such-group", { { access = "r" } })
