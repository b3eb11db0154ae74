-- A stop is killed after any of its primitive calls: after gc the container runs or has ended, whole.
local faults = require "faults"

faults.stop("kill-after")
