-- A stop is killed before any of its primitive calls: after gc the container runs or has ended, whole.
local faults = require "faults"

faults.stop("kill-before")
