-- A run in front, whose container in the making is killed before any of its primitive calls: after gc nothing is left.
local faults = require "faults"

faults.front("kill-before", { 1 })
