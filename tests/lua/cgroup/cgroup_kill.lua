-- cgroup_kill: kills every process in a group and its descendants, including frozen ones.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id())
local below <close> = tiny.cgroup("below", { parent = cg })

local function sleeper(group)
  return tiny.clone({ cgroup = group }, function() tiny.exec { "sleep", "60" } end)
end
local a <close> = sleeper(cg)
local b <close> = sleeper(below)
a:wait_ready()
b:wait_ready()
cg:freeze()
check.equal(cg:stats().frozen, true, "frozen")
check.equal(tiny.cgroup_kill(cg, "20s"), true, "done")
check.equal(cg:stats().populated, false, "populated")
check.equal(select(2, a:wait()), "SIGKILL", "signal")
check.equal(select(2, b:wait()), "SIGKILL", "signal")
check.equal(cg:stats().frozen, false, "frozen")

-- The group can be used again.
local again <close> = tiny.clone({ cgroup = cg }, function() return 3 end)
check.equal(again:wait(), 3, "a child born after the kill")

-- It does not kill the caller.
local own <close> = tiny.clone({ cgroup = cg }, function() tiny.cgroup_kill(cg) end)
check.fails("EDEADLK", own.wait, own)
check.refuses('timeout: "soon" is not a duration; write seconds or a number with ms, s, m, h or d: "10s"',
  tiny.cgroup_kill, cg, "soon")
