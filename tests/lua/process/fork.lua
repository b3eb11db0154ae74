-- fork: runs the closure in a child, carries its status and its error to the parent.
local check = require "check"

local child <close> = tiny.fork(function() return 7 end)
check.equal(child:wait(), 7)

local failing <close> = tiny.fork(function() tiny.exec { "/no/such/program" } end)
local err = check.fails("ENOENT", failing.wait, failing)
check.equal(err.op, "exec")
check.equal(err.path, "/no/such/program")
assert(err.at:match("fork.lua:7$"), err.at)

check.refuses("body is missing: fork(body)", tiny.fork)
