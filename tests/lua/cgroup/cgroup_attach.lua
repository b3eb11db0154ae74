-- cgroup_attach: moves a process, and the caller itself, into a group.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "pids" } })
local controller = cg.version == "v2" and "unified" or "pids"

local child <close> = tiny.fork(function() tiny.exec { "sleep", "60" } end)
check.equal(cg:stats().pids, 0, "pids before")
tiny.cgroup_attach(cg, child)
check.equal(cg:stats().pids, 1, "pids after")
check.equal(tiny.cgroup_of(child)[controller], cg.path, "its group")

local own <close> = tiny.fork(function()
  cg:attach()
  return tiny.cgroup_of()[controller] == cg.path and 0 or 1
end)
check.equal(own:wait(), 0, "the caller itself")

child:reap()
check.equal(cg:stats().populated, false, "populated")
check.fails("ENOENT", tiny.cgroup_attach, cg.path .. "-not")
check.refuses("group is missing: cgroup_attach(group [, process])", tiny.cgroup_attach)

-- A limit that enables its controller late applies to existing processes.
local late <close> = tiny.cgroup("tl-" .. tiny.random_id())
local member <close> = tiny.clone({ cgroup = late }, function() tiny.exec { "sleep", "60" } end)
member:wait_ready()
late:set_pids_limit(5)
check.equal(late:stats().pids, 1, "pids of the late controller")
member:reap()

-- On v1 a cpuset is unusable until it has CPUs: it gets those of its parent group.
local cpus, err = tiny.try(tiny.cgroup, "tl-" .. tiny.random_id(), { controllers = { "cpuset" } })
if not cpus then return check.equal(err.code, "ENODEV", "code") end
local cpuset <close> = cpus
local pinned <close> = tiny.clone({ cgroup = cpuset }, function() tiny.exec { "sleep", "60" } end)
pinned:wait_ready()
local hierarchy = cpuset.version == "v2" and "unified" or "cpuset"
check.equal(tiny.cgroup_of(pinned)[hierarchy], cpuset.path, "its cpuset")
pinned:reap()
