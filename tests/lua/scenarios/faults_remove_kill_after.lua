-- A forced removal is killed after any of its primitive calls: after gc the container is there, whole, or gone.
local faults = require "faults"

faults.remove("kill-after")
