-- rename: moves a file or directory within its file system.
local check = require "check"

tiny.write_file("a", "new")
tiny.write_file("b", "old")
tiny.rename("a", "b")
check.equal(tiny.read_file("b"), "new")
check.equal(tiny.stat("a"), nil)
tiny.symlink("b", "link")
tiny.rename("link", "moved")
check.equal(tiny.readlink("moved"), "b")

tiny.mkdir("full/x", { parents = true })
tiny.mkdir("other")
check.equal(check.fails("ENOTEMPTY", tiny.rename, "other", "full").hint, "the new path is a directory that is not empty")
tiny.mount_tmpfs("other")
local err = check.fails("EXDEV", tiny.rename, "b", "other/b")
check.equal(err.path, "b")
check.equal(err.message, "EXDEV: Cross-device link: b (to other/b)")
check.equal(tiny.read_file("b"), "new")
check.fails("ENOENT", tiny.rename, "nowhere", "x")
check.refuses("to is missing: rename(from, to [, options])", tiny.rename, "b")

tiny.write_file("c", "kept")
check.equal(check.fails("EEXIST", tiny.rename, "b", "c", { exclusive = true }).hint, "the new name exists, and `exclusive` was set")
check.equal(tiny.read_file("c"), "kept")
tiny.rename("b", "d", { exclusive = true })
check.equal(tiny.read_file("d"), "new")
