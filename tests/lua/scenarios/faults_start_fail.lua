-- Any primitive call of the command or the supervisor fails at a start: after gc the container runs or has ended, whole.
local faults = require "faults"

faults.start("fail", { 0, 1 })
