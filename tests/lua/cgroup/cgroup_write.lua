-- cgroup_write: writes control files in the kernel's format.
local check = require "check"
local cg <close> = tiny.cgroup("tl-" .. tiny.random_id())
local weight = cg.version == "v2" and "cpu.weight" or "cpu.shares"
tiny.cgroup_write(cg, { ["pids.max"] = "9", [weight] = "50" })
check.equal(cg:stats().pids_limit, 9, "pids_limit")
check.equal(cg:read(weight), "50\n", weight)

local err = check.fails("EINVAL", tiny.cgroup_write, cg, { ["pids.max"] = "many" })
assert(err.path:find("/pids.max", 1, true), err.path)
check.refuses('files: "pids.max": expected string, got 9', tiny.cgroup_write, cg, { ["pids.max"] = 9 })
