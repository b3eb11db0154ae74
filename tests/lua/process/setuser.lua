-- setuser: sets user, group and supplementary groups permanently.
local check = require "check"

local function ids(key) return (tiny.read_file("/proc/self/status"):match(key .. ":[ \t]*([^\n]-) *\n")) end

check.inside({}, function()
  tiny.setuser(1234, { gid = 2345, groups = { 3456, 4567 } })
  check.equal(ids("Uid"), "1234\t1234\t1234\t1234")
  check.equal(ids("Gid"), "2345\t2345\t2345\t2345")
  check.equal(ids("Groups"), "3456 4567")
  check.equal(ids("CapEff"), "0000000000000000")
  check.fails("EPERM", tiny.setuser, 0)
end)
check.inside({}, function()
  tiny.setuser(1234)
  check.equal(ids("Gid"), "1234\t1234\t1234\t1234", "the group is the user's number")
  check.equal(ids("Groups"), "", "no groups are left over")
end)

-- In a user namespace only the mapped ids exist.
check.inside({ user = true }, function()
  check.equal(tiny.getuid(), 0)
  check.fails("EINVAL", tiny.setuser, 1234)
end)

check.refuses("uid: expected integer, got the string \"root\"", tiny.setuser, "root")
check.refuses('option "groups": [2]: expected integer, got the string "audio"', tiny.setuser, 1, { groups = { 1, "audio" } })
check.refuses('option "groups": a list goes from 1 on without holes; [1] is nil and ["audio"] is not', tiny.setuser, 1, { groups = { audio = 5 } })
check.refuses("uid: -1 is not an integer from 0 to 4294967294", tiny.setuser, -1)
-- To the kernel -1 means "as it is".
check.fails("EINVAL", tiny.setuser, 4294967295)
check.fails("EINVAL", tiny.setuser, 1234, { gid = 4294967295 })
check.equal(tiny.getuid(), 0)
