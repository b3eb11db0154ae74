-- getxattr: an attribute with any bytes; that of a link itself; none; below a root.
local check = require "check"

tiny.mkdir "folder"
tiny.write_file("folder/file", "")
tiny.symlink("file", "folder/link")
tiny.setxattr("folder/file", "trusted.test", { value = "a\0b" })
tiny.setxattr("folder/file", "trusted.empty", { value = "" })
tiny.setxattr("folder/link", "trusted.test", { value = "link" })
tiny.setxattr("folder", "trusted.test", { value = ("x"):rep(1000) })

check.equal(tiny.getxattr("folder/file", "trusted.test"), "a\0b")
check.equal(tiny.getxattr("folder/file", "trusted.empty"), "")
check.equal(tiny.getxattr("folder/file", "trusted.other"), nil)
check.equal(tiny.getxattr("folder/link", "trusted.test"), "link")
check.equal(tiny.getxattr("folder", "trusted.test"), ("x"):rep(1000))
check.equal(tiny.getxattr("/proc/self/status", "user.test"), nil, "a file system without attributes")
for _, path in ipairs { "file", "./file", "/file" } do check.equal(tiny.getxattr(path, "trusted.test", { root = "folder" }), "a\0b") end

check.equal(check.fails("ENOENT", tiny.getxattr, "nowhere", "user.x").path, "nowhere")
check.fails("ENOENT", tiny.getxattr, "nowhere", "user.x", { root = "folder" })
check.fails("ELOOP", tiny.getxattr, "link", "trusted.test", { root = "folder" })
