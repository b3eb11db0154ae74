-- getpid: returns the caller's pid in its pid namespace.
local check = require "check"

check.equal(tostring(tiny.getpid()), tiny.readlink("/proc/self"))
check.inside({ pid = true }, function() check.equal(tiny.getpid(), 1) end)
local parent = tiny.getpid()
local child <close> = tiny.fork(function() return tiny.getpid() == parent end)
check.equal(child:wait(), 1, "the child has a pid of its own")
check.refuses("takes at most 0 arguments: getpid()", tiny.getpid, 1)
