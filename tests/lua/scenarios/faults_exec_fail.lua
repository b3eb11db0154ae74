-- An exec, any of whose primitive calls fails: the container is unharmed.
local faults = require "faults"

faults.exec("fail")
