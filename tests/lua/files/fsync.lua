-- fsync: syncs files and directories; files without storage are refused. Whether synced data survives a power failure
-- cannot be tested without a separate machine.
local check = require "check"

tiny.mkdir("root/folder", { parents = true })
tiny.write_file("root/folder/file", "text")
tiny.fsync("root/folder/file")
tiny.fsync("root/folder")
tiny.fsync("/folder/file", { root = "root" })
check.equal(tiny.read_file("root/folder/file"), "text")

check.equal(check.fails("ENOENT", tiny.fsync, "missing").hint, "the file or its directory is missing")
check.fails("ENOENT", tiny.fsync, "/root/folder/file", { root = "root" })
-- The FIFO has no reader or writer: this does not block.
tiny.mknod("fifo", "fifo")
check.equal(check.fails("EINVAL", tiny.fsync, "fifo").path, "fifo")
check.refuses("path is missing: fsync(path [, options])", tiny.fsync)
