-- A container in the making is killed after any of its primitive calls: gc clears everything.
local faults = require "faults"

faults.run("kill-after", { 2 })
