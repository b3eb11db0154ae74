-- syncfs: syncs the file system of a path. Whether the data survives a power failure cannot be tested here; that the file
-- system is the one of the path can: one that fails says so.
local check = require "check"

tiny.write_file("file", "text")
tiny.syncfs("file")
tiny.syncfs(".")
tiny.mkdir("folder")
local disk <close> = tiny.mount_tmpfs("folder", { size = "64k" })
tiny.syncfs("folder")
check.equal(tiny.read_file("file"), "text")

check.equal(check.fails("ENOENT", tiny.syncfs, "missing").hint, "the file or its directory is missing")
tiny.mknod("fifo", "fifo")
tiny.syncfs("fifo") -- the FIFO has no writer: this does not block
check.refuses("path is missing: syncfs(path)", tiny.syncfs)
