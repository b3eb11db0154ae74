-- A run in front, whose command is killed before any of its primitive calls: after gc nothing is left.
local faults = require "faults"

faults.front("kill-before", { 0 })
