-- An exec, whose command or program in the making is killed before any of its primitive calls: the container is unharmed.
local faults = require "faults"

faults.exec("kill-before")
