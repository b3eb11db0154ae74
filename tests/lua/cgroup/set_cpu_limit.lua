-- set_cpu_limit: a process that exceeds its quota is throttled.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "cpuacct" } })
tiny.set_cpu_limit(cg, 0.1)
local busy <close> = tiny.clone({ cgroup = cg }, function() while true do end end)
busy:wait(1)
local stats = cg:stats()
assert(stats.throttled >= 2, "throttled: " .. stats.throttled)
assert(stats.throttled_seconds > 0.1, "throttled_seconds: " .. stats.throttled_seconds)
assert(stats.cpu_seconds < 0.5, "cpu_seconds: " .. stats.cpu_seconds)
busy:reap()

local function set()
  if cg.version == "v2" then return cg:read("cpu.max") end
  return cg:read("cpu.cfs_quota_us"):gsub("\n", " ") .. cg:read("cpu.cfs_period_us")
end
check.equal(set(), "10000 100000\n", "quota and period")
tiny.set_cpu_limit(cg, 1.5, { period = "20ms" })
check.equal(set(), "30000 20000\n", "quota and period")
tiny.set_cpu_limit(cg, 2)
check.equal(set(), "40000 20000\n", "the period stays")
tiny.set_cpu_limit(cg, "unlimited")
check.equal(set(), (cg.version == "v2" and "max" or "-1") .. " 20000\n", "no limit")

local err = check.fails("EINVAL", tiny.set_cpu_limit, cg, 0.001, { period = "100ms" })
assert(err.message:find("0.001 CPUs are 100 µs per period of 100000 µs; the kernel's minimum is 1000 µs", 1, true),
  err.message)
check.refuses('cpus: 0 is not a number above 0; give one, or "unlimited"', tiny.set_cpu_limit, cg, 0)
check.refuses('cpus: -1 is not a number above 0; give one, or "unlimited"', tiny.set_cpu_limit, cg, -1)
check.refuses('option "period": must be 1ms to 1s', tiny.set_cpu_limit, cg, 1, { period = "5s" })
