-- cgroup_del: removes empty cgroups, reports busy ones by name, kills processes only on request.
local check = require "check"
local name = "tl-" .. tiny.random_id()
local cg <close> = tiny.cgroup(name, { controllers = { "pids" } })

local child <close> = tiny.clone({ cgroup = cg }, function() tiny.exec { "sleep", "60" } end)
child:wait_ready()
local began = tiny.clock("monotonic")
local err = check.fails("EBUSY", tiny.cgroup_del, name)
assert(tiny.clock("monotonic") - began < 8, "only dying processes are waited for, ten seconds")
assert(err.message:find(("1 processes are in it, including pid %d"):format(child.pid), 1, true), err.message)
assert(err.hint:find("kill = true", 1, true), err.hint)
check.equal(child:wait(0), nil, "the process lives")

local below = tiny.cgroup("below", { parent = cg }):keep()
tiny.cgroup_del(name, { kill = true })
local status, signal = child:wait()
check.equal(signal, "SIGKILL", "signal")
check.fails("ENOENT", tiny.cgroup_stats, below)
check.fails("ENOENT", tiny.cgroup_del, name)
cg:keep()

-- Child groups are kept unless their removal is requested.
local again = tiny.cgroup(name):keep()
tiny.cgroup("below", { parent = again }):keep()
local busy = check.fails("EBUSY", tiny.cgroup_del, again)
assert(busy.message:find('1 cgroups are below it, including "below"', 1, true), busy.message)
tiny.cgroup_del(again, { recursive = true })
check.fails("ENOENT", tiny.cgroup_stats, name)

check.refuses('option "kill": expected boolean, got 1', tiny.cgroup_del, name, { kill = 1 })
