-- symlink: creates a link with exactly the given target; with `root`, it is created below that root.
local check = require "check"

tiny.symlink("/no where/../x", "link")
check.equal(tiny.readlink("link"), "/no where/../x")
tiny.mkdir("root/tmp", { parents = true })
tiny.symlink("/tmp", "root/out")
tiny.symlink("target", "out/made", { root = "root" })
check.equal(tiny.readlink("root/tmp/made"), "target")
check.equal(tiny.stat("made", { follow = false }), nil)

local err = check.fails("EEXIST", tiny.symlink, "other", "link")
check.equal(err.path, "link")
check.equal(err.hint, "a file of that name already exists")
check.equal(tiny.readlink("link"), "/no where/../x")
check.fails("ENOENT", tiny.symlink, "x", "no/where")
check.refuses("path is missing: symlink(target, path [, options])", tiny.symlink, "x")
