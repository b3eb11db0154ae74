-- A run in front, whose command is killed after any of its primitive calls: after gc nothing is left.
local faults = require "faults"

faults.front("kill-after", { 0 })
