-- chroot: changes the root of this process only.
local check = require "check"

tiny.mkdir("root/sub", { parents = true })
tiny.write_file("root/here", "yes")
check.inside({}, function()
  tiny.chroot("root")
  check.equal(tiny.read_file("/here"), "yes")
  check.equal(tiny.read_file("here"), "yes", "the working directory")
  check.equal(tiny.stat("/tmp"), nil)
end)
check.equal(tiny.stat("/here"), nil, "the parent's root")

local err = check.fails("ENOENT", tiny.chroot, "nowhere")
check.equal(err.path, "nowhere")
check.equal(err.hint, "there is no such directory")
check.fails("ENOTDIR", tiny.chroot, "root/here")
check.refuses("path is missing: chroot(path)", tiny.chroot)
check.refuses("path: the path is empty", tiny.chroot, "")
