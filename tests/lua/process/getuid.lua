-- getuid: returns the effective user id in the caller's user namespace.
local check = require "check"

check.equal(tiny.getuid(), 0)
check.inside({}, function()
  tiny.setuser(1234)
  check.equal(tiny.getuid(), 1234)
end)
check.inside({ user = true }, function() check.equal(tiny.getuid(), 0, "the caller is root") end)
check.refuses("takes at most 0 arguments: getuid()", tiny.getuid, {})
