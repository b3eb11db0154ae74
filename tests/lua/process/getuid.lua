-- getuid: the effective user id, as the caller's user namespace has it.
local check = require "check"

check.equal(tiny.getuid(), 0)
check.inside({}, function()
  tiny.setuser(1234)
  check.equal(tiny.getuid(), 1234)
end)
check.inside({ user = true }, function() check.equal(tiny.getuid(), 65534, "without a map") end)
check.refuses("takes at most 0 arguments: getuid()", tiny.getuid, {})
