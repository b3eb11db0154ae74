-- getgid: returns the effective group id.
local check = require "check"

check.equal(tiny.getgid(), 0)
check.inside({}, function()
  tiny.setuser(7, { gid = 8 })
  check.equal(tiny.getgid(), 8)
end)
check.refuses("takes at most 0 arguments: getgid()", tiny.getgid, {})
