-- Any primitive call of the supervisor of a run with an init, a cgroup of the user's above its own, mounts and
-- limits of processes fails, or any call inside: the command clears up by itself.
local faults = require "faults"

faults.run("fail", { 1, 2 }, faults.options)
