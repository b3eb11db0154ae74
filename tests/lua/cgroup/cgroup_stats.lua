-- cgroup_stats: returns values of the controllers that the group has, and no others.
local check = require "check"
local bare <close> = tiny.cgroup("tl-" .. tiny.random_id())
-- On v2 a group also has the controllers that its siblings caused the parent to enable.
if bare.version ~= "v2" then check.equal(bare:stats().memory, nil, "memory without the controller") end
check.equal(bare:stats().populated, false, "populated")

local cg <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "memory", "pids", "cpu", "cpuacct" } })
local child <close> = tiny.clone({ cgroup = cg }, function()
  local held = ("x"):rep(8 << 20)
  tiny.notify_ready()
  while #held > 0 do end
end)
child:wait_ready()
child:wait(0.2)
local stats = tiny.cgroup_stats(cg)
check.equal(stats.pids, 1, "pids")
check.equal(stats.populated, true, "populated")
check.equal(stats.frozen, false, "frozen")
check.equal(stats.oom_kills, 0, "oom_kills")
check.equal(stats.throttled, 0, "throttled")
check.equal(stats.memory_limit, nil, "memory_limit")
assert(stats.memory > 8 << 20 and stats.memory < 64 << 20, "memory: " .. stats.memory)
assert(stats.cpu_seconds > 0 and stats.cpu_seconds < 10, "cpu_seconds: " .. stats.cpu_seconds)
assert(math.abs(stats.cpu_seconds - stats.user_seconds - stats.system_seconds) < 0.2, "user and system")
if stats.pids_peak then check.equal(stats.pids_peak, 1, "pids_peak") end
local totals = tiny.cgroup_stats(cg, { totals = true })
check.equal(totals.pids, nil, "pids are no total")
check.equal(totals.populated, nil)
assert(totals.cpu_seconds >= stats.cpu_seconds and totals.memory_peak >= stats.memory, "totals")
check.equal(totals.oom_kills, 0)
child:reap()
check.equal(tiny.cgroup_stats(cg.path).populated, false, "populated after the end")

cg:close()
check.refuses("the cgroup handle is closed", tiny.cgroup_stats, cg)
local ns <close> = tiny.utsns()
check.refuses("group: expected a cgroup handle, got a utsns handle", tiny.cgroup_stats, ns)

-- Bytes of block devices are counted where blkio or io is.
local io = tiny.probe().cgroup.controllers
local counted <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { io.io and "io" or io.blkio and "blkio" or "pids" } })
local figures = counted:stats()
check.equal(figures.read_bytes, (io.io or io.blkio) and 0 or nil, "read_bytes of a new group")
check.equal(figures.writes, (io.io or io.blkio) and 0 or nil, "writes of a new group")
