-- cgroup_thaw: a process continues only if no ancestor of its group is frozen.
local check = require "check"
local above <close> = tiny.cgroup("tl-" .. tiny.random_id())
local cg <close> = tiny.cgroup("below", { parent = above })
local child <close> = tiny.clone({ cgroup = cg }, function() tiny.exec { "sleep", "60" } end)
child:wait_ready()

check.equal(above:freeze("10s"), true, "freeze")
check.equal(tiny.cgroup_thaw(cg, "50ms"), false, "thaw below a frozen group")
check.equal(above:thaw("10s"), true, "thaw above")
check.equal(tiny.cgroup_thaw(cg, "10s"), true, "thaw")
check.equal(cg:stats().frozen, false, "frozen")
child:reap()
check.fails("ENOENT", tiny.cgroup_thaw, above.path .. "-not")
check.refuses("takes at most 2 arguments: cgroup_thaw(group [, timeout])", tiny.cgroup_thaw, cg, 1, 2)
