-- The supervisor of a run with an init, a cgroup of the user's above its own, mounts and limits of processes is
-- killed before any of its primitive calls: gc clears everything.
local faults = require "faults"

faults.run("kill-before", { 1 }, faults.options)
