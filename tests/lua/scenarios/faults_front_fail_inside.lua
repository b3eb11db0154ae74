-- A run in front, any of whose container's primitive calls fails in the making: nothing is left.
local faults = require "faults"

faults.front("fail", { 1 })
