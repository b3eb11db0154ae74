-- open_device: opens the device that it is told to, by descriptor, and nothing that took its name.
local check = require "check"

local null <close> = tiny.open_device("/dev/null", { major = 1, minor = 3 })
check.equal(null:write("nothing"), 7)
check.equal(null:read(), nil)
check.equal(null.path, "/dev/null")

tiny.mount_tmpfs("/mnt/t", { create = true })
tiny.mknod("/mnt/t/null", "char", { major = 1, minor = 3 })
tiny.open_device("null", { root = "/mnt/t", major = 1, minor = 3 }):close()

tiny.mknod("/mnt/t/zero", "char", { major = 1, minor = 5 })
tiny.mknod("/mnt/t/block", "block", { major = 1, minor = 3 })
-- A FIFO would wait for its other end, and a file would be opened for writing.
tiny.mknod("/mnt/t/fifo", "fifo")
tiny.write_file("/mnt/t/file", "kept")
for _, name in ipairs { "zero", "block", "fifo", "file", "." } do
  local err = check.fails("ENODEV", tiny.open_device, name, { root = "/mnt/t", major = 1, minor = 3 })
  assert(err.message:find("it is not the character device 1:3", 1, true), err.message)
end
tiny.symlink("null", "/mnt/t/link")
check.fails("ENODEV", tiny.open_device, "link", { root = "/mnt/t", major = 1, minor = 3 })
check.fails("ENOENT", tiny.open_device, "missing", { root = "/mnt/t", major = 1, minor = 3 })
-- Links above it lead no further than the root.
tiny.symlink("/dev", "/mnt/t/dev")
check.fails("ELOOP", tiny.open_device, "dev/null", { root = "/mnt/t", major = 1, minor = 3 })
tiny.mount_tmpfs("/mnt/nodev", { create = true, nodev = true })
tiny.mknod("/mnt/nodev/null", "char", { major = 1, minor = 3 })
check.fails("EACCES", tiny.open_device, "/mnt/nodev/null", { major = 1, minor = 3 })
check.refuses('option "major" is missing: its number: the driver', tiny.open_device, "/dev/null", { minor = 3 })
