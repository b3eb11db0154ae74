-- timens: clocks with offsets, for the children that join.
local check = require "check"
if not tiny.stat("/proc/self/ns/time") then check.skip("this kernel has no time namespaces") end

local mine = tiny.readlink("/proc/self/ns/time_for_children")
local week = 7 * 86400
local later <close> = tiny.timens { boottime = "7d", monotonic = 3600.5 }
check.equal(tiny.readlink("/proc/self/ns/time_for_children"), mine, "the caller's next children")

local from, into = tiny.pipe()
check.inside({ time = later }, function()
  into:write(("%f %f %f"):format(tiny.clock("boottime"), tiny.clock("monotonic"), tiny.clock("realtime")))
end)
local boot, mono, real = from:read():match("(%S+) (%S+) (%S+)")
local function near(got, want, what) assert(math.abs(got - want) < 5, ("%s: %s, not %s"):format(what, got, want)) end
near(boot, tiny.clock("boottime") + week, "boottime")
near(mono, tiny.clock("monotonic") + 3600.5, "monotonic")
near(real, tiny.clock("realtime"), "realtime")

local plain <close> = tiny.timens()
check.inside({ time = plain }, function() near(tiny.clock("boottime"), tiny.clock("boottime"), "no offset") end)
check.inside({ time = true }, function() assert(tiny.readlink("/proc/self/ns/time") ~= mine, "a new one") end)

check.refuses('unknown option "boot"; did you mean "boottime"?', tiny.timens, { boot = 1 })
local _, err = tiny.try(tiny.timens, { boottime = -1 })
assert(err.usage, tostring(err))

check.inside({}, function()
  tiny.unshare { time = true }
  check.fails("EBUSY", tiny.timens)
end)
