-- At a start the container in the making is killed after any primitive call: after gc the container runs or has ended, whole.
local faults = require "faults"

faults.start("kill-after", { 2 })
