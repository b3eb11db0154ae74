-- remount_ro: makes a mount read-only in this mount namespace only.
local check = require "check"

tiny.mkdir("m")
tiny.mount_tmpfs("m")
tiny.mkdir("m/below")
tiny.mount_tmpfs("m/below")
check.inside({ mount = true }, function()
  tiny.remount_ro("m")
  check.fails("EROFS", tiny.mkdir, "m/x")
  tiny.mkdir("m/below/x")
  tiny.remount_ro("/m", { root = "/tmp", recursive = true })
  check.fails("EROFS", tiny.mkdir, "m/below/y")
end)
tiny.mkdir("m/x")

local writer <close> = tiny.open("m/file", { write = true, create = true })
local busy = check.fails("EBUSY", tiny.remount_ro, "m")
check.equal(busy.path, "m")
check.equal(busy.hint, "a file on it is open for writing")
writer:close()
tiny.remount_ro("m")

tiny.mkdir("plain")
local err = check.fails("EINVAL", tiny.remount_ro, "plain")
check.equal(err.path, "plain")
check.equal(err.hint, "the path is not a mount point; mount_bind it onto itself first")
check.refuses([[unknown option "detach"; known options: root, recursive]], tiny.remount_ro, "m", { detach = true })
