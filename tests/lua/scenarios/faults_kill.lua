-- The command, the supervisor or the container is killed before or after any primitive call of a
-- detached run: gc clears everything.
local faults = require "faults"

for _, kind in ipairs { "kill-before", "kill-after" } do faults.run(kind, { 0, 1, 2 }) end
assert(faults.leaks == 0, "leaks: " .. faults.leaks)
