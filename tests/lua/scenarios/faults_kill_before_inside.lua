-- A container in the making is killed before any of its primitive calls: gc clears everything.
local faults = require "faults"

faults.run("kill-before", { 2 })
