-- stdio: a duplicate of standard input, output or error.
local check = require "check"

local from, into = tiny.pipe()
local child <close> = tiny.fork(function()
  tiny.dup2(into, 2)
  local err = tiny.stdio(2)
  check.equal(err.path, "<stderr>")
  err:write("by the duplicate")
  err:close()
  io.stderr:write(", by the original")
end)
into:close()
child:wait()
check.equal(from:read(), "by the duplicate, by the original")
check.equal(from:read(), nil)

check.equal(tiny.stdio(0):read(), nil, "the harness gives the null device")
check.refuses("number: 3 is not an integer from 0 to 2", tiny.stdio, 3)
check.refuses("number: expected integer, got the string \"1\"", tiny.stdio, "1")
