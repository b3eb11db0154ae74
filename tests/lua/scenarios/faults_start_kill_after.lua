-- At a start the command or the supervisor is killed after any primitive call: after gc the container runs or has ended, whole.
local faults = require "faults"

faults.start("kill-after", { 0, 1 })
