-- open_device: opens a device by descriptor, and refuses a different file at the same path.
local check = require "check"

local null <close> = tiny.open_device("/dev/null", { major = 1, minor = 3 })
check.equal(null:write("nothing"), 7)
check.equal(null:read(), nil)
check.equal(null.path, "/dev/null")

tiny.mount_tmpfs("/tmp/m/t", { create = true })
tiny.mknod("/tmp/m/t/null", "char", { major = 1, minor = 3 })
tiny.open_device("null", { root = "/tmp/m/t", major = 1, minor = 3 }):close()

tiny.mknod("/tmp/m/t/zero", "char", { major = 1, minor = 5 })
tiny.mknod("/tmp/m/t/block", "block", { major = 1, minor = 3 })
-- Opening a FIFO would block, and a file would be opened for writing.
tiny.mknod("/tmp/m/t/fifo", "fifo")
tiny.write_file("/tmp/m/t/file", "kept")
for _, name in ipairs { "zero", "block", "fifo", "file", "." } do
  local err = check.fails("ENODEV", tiny.open_device, name, { root = "/tmp/m/t", major = 1, minor = 3 })
  assert(err.message:find("it is not the character device 1:3", 1, true), err.message)
end
tiny.symlink("null", "/tmp/m/t/link")
check.fails("ENODEV", tiny.open_device, "link", { root = "/tmp/m/t", major = 1, minor = 3 })
check.fails("ENOENT", tiny.open_device, "missing", { root = "/tmp/m/t", major = 1, minor = 3 })
-- Links in its path lead no further than the root.
tiny.symlink("/dev", "/tmp/m/t/dev")
check.fails("ELOOP", tiny.open_device, "dev/null", { root = "/tmp/m/t", major = 1, minor = 3 })
tiny.mount_tmpfs("/tmp/m/nodev", { create = true, nodev = true })
tiny.mknod("/tmp/m/nodev/null", "char", { major = 1, minor = 3 })
check.fails("EACCES", tiny.open_device, "/tmp/m/nodev/null", { major = 1, minor = 3 })
check.refuses('option "major" is missing: the major number: the driver', tiny.open_device, "/dev/null", { minor = 3 })
