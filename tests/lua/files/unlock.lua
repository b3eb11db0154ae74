-- unlock: releases a lock that a forked child has inherited.
local check = require "check"

local lock = tiny.flock("lock")
local child <close> = tiny.fork(function() tiny.poll({}, "60s") end)
check.equal(tiny.flock("lock", { wait = false }), nil, "the child holds it too")
lock:unlock()
local again = tiny.flock("lock", { wait = false })
assert(again, "it is free")
again:close()
assert(tiny.flock("lock", { wait = false }), "and so after close")
lock:close()
check.refuses("the lock handle is closed", tiny.unlock, lock)
check.refuses("lock: expected a lock handle, got a child handle", tiny.unlock, child)
