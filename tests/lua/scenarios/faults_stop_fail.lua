-- A stop, any of whose primitive calls fails: after gc the container runs or has ended, whole.
local faults = require "faults"

faults.stop("fail")
