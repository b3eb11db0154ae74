-- statvfs: the space of a file system, which a file takes from it.
local check = require "check"

tiny.mkdir("folder")
local disk <close> = tiny.mount_tmpfs("folder", { size = "1m" })
local empty = tiny.statvfs("folder")
check.equal(empty.size, 1 << 20)
check.equal(empty.free, empty.available)
assert(empty.free > 0 and empty.free <= empty.size, empty.free)
tiny.write_file("folder/file", ("x"):rep(256 << 10))
local used = tiny.statvfs("folder/file")
check.equal(empty.available - used.available, 256 << 10)
check.equal(used.size, empty.size)
-- A file system without storage.
check.equal(tiny.statvfs("/proc").size, 0)

check.fails("ENOENT", tiny.statvfs, "missing")
check.refuses("path is missing: statvfs(path)", tiny.statvfs)
