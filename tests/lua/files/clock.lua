-- clock: reads the kernel's clocks.
local check = require "check"

assert(math.abs(tiny.clock() - os.time()) < 2)
local first = tiny.clock("monotonic")
tiny.poll({}, "20ms")
local passed = tiny.clock("monotonic") - first
assert(passed >= 0.02 and passed < 5, passed)
local uptime = tonumber(tiny.read_file("/proc/uptime"):match("^%S+"))
assert(math.abs(tiny.clock("boottime") - uptime) < 1)
check.inside({ time = true }, function() assert(math.abs(tiny.clock("boottime") - uptime) < 60) end)
check.refuses([[clock: "mono" is not one of "realtime"|"monotonic"|"boottime"; did you mean "monotonic"?]], tiny.clock, "mono")
