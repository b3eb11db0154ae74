-- readlink: returns the target of a link without following it.
local check = require "check"

tiny.symlink("/etc/passwd", "link")
check.equal(tiny.readlink("link"), "/etc/passwd")
check.equal(tiny.readlink("/proc/self/root"), "/")
assert(tiny.readlink("/proc/self/ns/net"):match("^net:%[%d+%]$"))

tiny.mkdir("root/tmp", { parents = true })
tiny.symlink("/tmp", "root/out")
check.fails("ENOENT", tiny.readlink, "out/link", { root = "root" })
tiny.symlink("inner", "root/tmp/link")
check.equal(tiny.readlink("out/link", { root = "root" }), "inner")

tiny.write_file("file", "")
local err = check.fails("EINVAL", tiny.readlink, "file")
check.equal(err.path, "file")
check.equal(err.hint, "it is not a symbolic link")
check.fails("ENOENT", tiny.readlink, "nowhere")
check.refuses("path: expected path, got a table", tiny.readlink, {})
