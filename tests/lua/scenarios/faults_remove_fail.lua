-- A forced removal, any of whose primitive calls fails: after gc the container is there, whole, or gone.
local faults = require "faults"

faults.remove("fail")
