-- At a start the container in the making is killed before any primitive call: after gc the container runs or has ended, whole.
local faults = require "faults"

faults.start("kill-before", { 2 })
