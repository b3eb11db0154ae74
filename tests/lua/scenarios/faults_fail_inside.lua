-- Any primitive call of a container in the making fails: the command clears up by itself, and where the
-- clean-up failed, gc does.
local faults = require "faults"

faults.run("fail", { 2 })
