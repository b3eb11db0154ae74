-- unlock: releases a lock that a forked child has inherited.
local check = require "check"

local passed_on = tiny.flock("passed_on")
local lock = tiny.flock("lock")
local child <close> = tiny.fork(function() tiny.poll({}, "60s") end)
check.equal(tiny.flock("lock", { wait = false }), nil, "the child holds it too")
lock:unlock()
passed_on:close()
check.equal(tiny.flock("passed_on", { wait = false }), nil, "closing is no unlocking: the child has it")
local again = tiny.flock("lock", { wait = false })
assert(again, "it is free")
again:close()
assert(tiny.flock("lock", { wait = false }), "and so after close")
lock:close()
check.refuses("the lock handle is closed", tiny.unlock, lock)
check.refuses("lock: expected a lock handle, got a child handle", tiny.unlock, child)
