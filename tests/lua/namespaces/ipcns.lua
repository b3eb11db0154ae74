-- ipcns: System V queues and their limits are shared by several processes, and separate from the caller's.
local check = require "check"

local LIMIT = "/proc/sys/kernel/msgmax"
local before = tiny.read_file(LIMIT)
local shared <close> = tiny.ipcns()
local function set(path, text)
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(text))
end
check.inside({ ipc = shared }, function() set(LIMIT, "4242") end)
check.inside({ ipc = shared }, function() check.equal(tiny.read_file(LIMIT), "4242\n") end)
check.equal(tiny.read_file(LIMIT), before, "outside")
check.refuses("takes at most 0 arguments: ipcns()", tiny.ipcns, 1)
