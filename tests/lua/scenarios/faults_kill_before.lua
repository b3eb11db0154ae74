-- The command, the supervisor or the container is killed before any primitive call of a detached run's
-- life: gc clears everything.
local faults = require "faults"

faults.run("kill-before", { 0, 1, 2 })
