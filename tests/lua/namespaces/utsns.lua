-- utsns: a hostname that is shared by several processes, and separate from the caller's.
local check = require "check"

local function hostname() return tiny.read_file("/proc/sys/kernel/hostname") end

local before = hostname()
local names <close> = tiny.utsns()
check.inside({ uts = names }, function() tiny.sethostname("shared") end)
check.inside({ uts = names }, function() check.equal(hostname(), "shared\n") end)
check.equal(hostname(), before, "outside")
check.refuses("takes at most 0 arguments: utsns()", tiny.utsns, 1)
