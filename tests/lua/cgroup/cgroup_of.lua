-- cgroup_of: returns the cgroup of a process.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "pids" } })
local controller = cg.version == "v2" and "unified" or "pids"

assert(tiny.cgroup_of()[controller] ~= cg.path, "the caller is elsewhere")
local child <close> = tiny.clone({ cgroup = cg }, function() tiny.exec { "sleep", "60" } end)
child:wait_ready()  -- into v1 hierarchies it moves itself, as its first act
check.equal(tiny.cgroup_of(child)[controller], cg.path, "the child")
check.equal(tiny.cgroup_of(tiny.pidfd_open(child.pid))[controller], cg.path, "by its pid")

local gone <close> = tiny.fork(function() return 0 end)
local handle = tiny.pidfd_open(gone.pid)
gone:wait()
check.fails("ESRCH", tiny.cgroup_of, handle)
check.refuses("process: expected child handle or process handle, got 1", tiny.cgroup_of, 1)
