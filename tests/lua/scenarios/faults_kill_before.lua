-- A detached run's command or supervisor is killed before any of its primitive calls: gc clears everything.
local faults = require "faults"

faults.run("kill-before", { 0, 1 })
