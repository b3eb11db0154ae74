-- Any primitive call of a detached run's command and supervisor fails: the command clears up by itself, and where the
-- clean-up failed, gc does.
local faults = require "faults"

faults.run("fail", { 0, 1 })
