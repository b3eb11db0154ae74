-- At a start the command or the supervisor is killed before any primitive call: after gc the container runs or has ended, whole.
local faults = require "faults"

faults.start("kill-before", { 0, 1 })
