-- chown: changes the owner of a file; for a link, that of the link itself.
local check = require "check"

tiny.write_file("file", "")
tiny.symlink("file", "link")
tiny.chown("link", { uid = 11, gid = 12 })
check.equal(tiny.stat("file").uid, 0, "through the link")
check.equal(tiny.stat("link", { follow = false }).uid, 11)
tiny.chown("file", { uid = 13, gid = 14 })
check.equal(tiny.stat("file").gid, 14)

tiny.mkdir("root/tmp", { parents = true })
tiny.symlink("/tmp", "root/out")
check.fails("ENOENT", tiny.chown, "out/file", { root = "root", uid = 1, gid = 1 })
check.equal(tiny.stat("file").uid, 13)

-- 4294967295 means "unchanged" to the kernel.
check.refuses([[option "uid": 4294967295 is not an integer from 0 to 4294967294]], tiny.chown, "file", { uid = 4294967295, gid = 0 })
check.inside({}, function()
  tiny.setuser(12345)
  check.equal(check.fails("EPERM", tiny.chown, "file", { uid = 12345, gid = 12345 }).hint, "needs CAP_CHOWN")
end)
check.refuses([[option "gid" is missing: the group]], tiny.chown, "file", { uid = 1 })
check.refuses([[option "uid": -1 is not an integer from 0 to 4294967294]], tiny.chown, "file", { uid = -1, gid = 0 })
check.refuses([[option "uid": expected integer, got 1.5]], tiny.chown, "file", { uid = 1.5, gid = 0 })
