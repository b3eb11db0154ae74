-- cgroup_freeze and cgroup_thaw: a busy process uses no CPU time while it is frozen.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "cpuacct" } })
local busy <close> = tiny.clone({ cgroup = cg }, function() while true do end end)

local function burnt(seconds)
  local before = cg:stats().cpu_seconds
  busy:wait(seconds)
  return cg:stats().cpu_seconds - before
end
assert(burnt(0.3) > 0.01, "it runs")
check.equal(tiny.cgroup_freeze(cg), true, "freeze")
check.equal(cg:stats().frozen, true, "frozen")
check.equal(burnt(0.3), 0.0, "CPU time while frozen")
check.equal(tiny.cgroup_thaw(cg), true, "thaw")
check.equal(cg:stats().frozen, false, "frozen after thaw")
assert(burnt(0.3) > 0.01, "it goes on")

local own <close> = tiny.clone({ cgroup = cg }, function() tiny.cgroup_freeze(cg) end)
local err = check.fails("EDEADLK", own.wait, own)
assert(err.message:find("the caller itself is in it", 1, true), err.message)

-- A frozen process can be killed, and the cgroup is removed when the body fails.
local path
tiny.try(function()
  local cold <close> = tiny.cgroup("tl-" .. tiny.random_id())
  local child <close> = tiny.clone({ cgroup = cold }, function() tiny.exec { "sleep", "60" } end)
  path = cold.path
  cold:freeze()
  tiny.fail("on purpose")
end)
check.fails("ENOENT", tiny.cgroup_stats, path)
check.refuses("group: expected cgroup handle or path, got 7", tiny.cgroup_freeze, 7)
