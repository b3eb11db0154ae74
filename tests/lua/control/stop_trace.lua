-- stop_trace: ends a trace, so that its reader sees end of file while the process continues.
local check = require "check"

tiny.write_file("traced.lua", [[
tiny.getpid()
tiny.fork(function()
  local null = tiny.open("/dev/null", { write = true })
  for number = 1, 2 do tiny.dup2(null, number) end
  tiny.stop_trace()
  tiny.clock()
  tiny.open("done"):read()
end):keep()
]])
tiny.mknod("done", "fifo")
-- check.run reads to the end of both streams: it would wait for the child.
local result = check.run { "--trace", "run", "traced.lua" }
check.equal(result.status, 0)
assert(result.err:match("getpid%(%)"), result.err)
assert(not result.err:match("clock"), result.err)
tiny.open("done", { write = true }):write("x")
tiny.stop_trace() -- without a trace, this does nothing
