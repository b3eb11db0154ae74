-- cgroup_read: returns the contents of a control file.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "pids" } })
check.equal(tiny.cgroup_read(cg, "cgroup.procs"), "", "no process")
check.equal(cg:read("pids.max"), "max\n", "pids.max")

local child <close> = tiny.clone({ cgroup = cg }, function() tiny.exec { "sleep", "60" } end)
child:wait_ready()
check.equal(cg:read("cgroup.procs"), child.pid .. "\n", "its process")
child:reap()

local err = check.fails("ENOENT", tiny.cgroup_read, cg, "pids.mox")
assert(err.path:find("/pids.mox", 1, true), err.path)
check.fails("EINVAL", tiny.cgroup_read, cg, "memory.stat/../../x")
check.refuses("file is missing: cgroup_read(group, file)", tiny.cgroup_read, cg)
