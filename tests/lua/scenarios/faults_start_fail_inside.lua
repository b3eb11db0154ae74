-- Any primitive call of the container in the making fails at a start: after gc the container runs or has ended, whole.
local faults = require "faults"

faults.start("fail", { 2 })
