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
  -- The last rule that matches decides, for each kind of access.
  local BOTH = { read = true, write = true }
  group:set_device_rules { { type = "char", major = 1, minor = 3, access = "r" }, { type = "char", major = 1, minor = 3, access = "w" },
    { type = "char", major = 1, minor = 5, access = "rwm" }, { type = "char", major = 1, minor = 5, access = "wm", allow = false },
    { type = "char", major = 1, minor = 7, access = "rw", allow = false }, { type = "char", major = 1, minor = 7, access = "r" } }
  check.equal(can(group, open, "/dev/null", BOTH), "yes", "from two rules")
  check.equal(can(group, open, "/dev/zero", READ), "yes")
  check.equal(can(group, open, "/dev/zero", WRITE), "EPERM")
  check.equal(can(group, open, "/dev/zero", BOTH), "EPERM")
  check.equal(can(group, tiny.mknod, "/tmp/dev/zero", "char", { major = 1, minor = 5 }), "EPERM")
  check.equal(can(group, open, "/dev/full", READ), "yes")
  check.equal(can(group, open, "/dev/full", BOTH), "EPERM")
  -- Everything but some, and everything denied again.
  group:set_device_rules { { access = "rwm" }, { type = "char", major = 1, minor = 3, access = "w", allow = false },
    { type = "char", major = 1, access = "m", allow = false } }
  check.equal(can(group, open, "/dev/null", READ), "yes")
  check.equal(can(group, open, "/dev/null", BOTH), "EPERM")
  check.equal(can(group, open, "/dev/zero", BOTH), "yes")
  check.equal(can(group, tiny.mknod, "/tmp/dev/zero", "char", { major = 1, minor = 5 }), "EPERM")
  check.equal(can(group, tiny.mknod, "/tmp/dev/tty9", "char", { major = 5, minor = 9 }), "yes")
  tiny.remove("/tmp/dev/tty9")
  group:set_device_rules { { type = "char", major = 1, minor = 3, access = "rwm" }, { access = "rwm", allow = false },
    { type = "char", major = 1, minor = 5, access = "r" } }
  check.equal(can(group, open, "/dev/null", READ), "EPERM")
  check.equal(can(group, open, "/dev/zero", READ), "yes")
end

-- An exception to an exception: v1 would ignore it.
local OVERLAP = { { type = "char", access = "rwm" }, { type = "char", major = 1, minor = 3, access = "w", allow = false } }

local v1, v2
for _, mount in ipairs(tiny.mounts()) do
  if mount.fstype == "cgroup" and mount.super_options:match("devices") then v1 = mount.target end
  if mount.fstype == "cgroup2" then v2 = mount.target end
end

local group <close> = tiny.cgroup("devices-test")
local before = can(group, open, "/dev/full", READ)
check.equal(before, "yes")
rules_hold(group)
if v2 then
  group:set_device_rules(OVERLAP)
  check.equal(can(group, open, "/dev/null", READ), "yes")
  check.equal(can(group, open, "/dev/null", WRITE), "EPERM")
  check.equal(can(group, open, "/dev/zero", WRITE), "yes")
end

-- The other way: with the v1 controller only, if the host has both.
if v1 and v2 then
  check.inside({ mount = true }, function()
    tiny.umount(v2, { detach = true })
    local other <close> = tiny.cgroup("devices-test-2", { controllers = { "devices" } })
    assert(other.folders.devices)
    rules_hold(other)
    local err = check.fails("EOPNOTSUPP", other.set_device_rules, other, OVERLAP)
    assert(tostring(err):find("cgroup v1 cannot deny c 1:3 w, since another rule allows c *:* rwm", 1, true), tostring(err))
  end)
end

check.refuses('[1]: option "access": "rx" has letters other than r, w and m', tiny.set_device_rules, group, { { access = "rx" } })
check.refuses('[2]: option "access" is missing: one or more letters: r to read, w to write, m to create the device node (mknod(2)) (the devices that are allowed, or denied)',
  tiny.set_device_rules, group, { { access = "r" }, { major = 1 } })
check.refuses('[1]: option "type": "socket" is not one of "char"|"block" (the devices that are allowed, or denied)', tiny.set_device_rules, group, { { type = "socket", access = "r" } })
check.refuses('[1]: option "major": 4096 is not an integer from 0 to 4095 (the devices that are allowed, or denied)', tiny.set_device_rules, group, { { major = 4096, access = "r" } })
check.fails("ENOENT", tiny.set_device_rules, "no-such-group", { { access = "r" } })
