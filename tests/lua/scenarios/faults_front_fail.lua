-- A run in front, any of whose command's primitive calls fails: what it leaves is on record, and after gc nothing is left.
local faults = require "faults"

faults.front("fail", { 0 })
