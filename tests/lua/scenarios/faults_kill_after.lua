-- A detached run's command or supervisor is killed after any of its primitive calls: gc clears everything.
local faults = require "faults"

faults.run("kill-after", { 0, 1 })
