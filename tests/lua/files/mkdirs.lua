-- mkdirs: creates several directories and their parents below a directory; existing ones are kept.
local check = require "check"

tiny.mkdir("/tmp/a/kept", { parents = true, mode = tonumber("700", 8) })
tiny.write_file("/tmp/a/kept/file", "x")
tiny.mkdirs("/tmp/a", { "/b/c/d", "kept", "e" }, { mode = tonumber("1777", 8) })
check.equal(tiny.stat("/tmp/a/b/c/d").mode, tonumber("1777", 8))
check.equal(tiny.stat("/tmp/a/b/c").mode, tonumber("755", 8), "parents")
check.equal(tiny.stat("/tmp/a/e").mode, tonumber("1777", 8))
check.equal(tiny.read_file("/tmp/a/kept/file"), "x")
check.equal(tiny.stat("/tmp/a/kept").mode, tonumber("700", 8), "what is there stays")
check.fails("ENOENT", tiny.mkdirs, "/tmp/none", { "a" })
check.fails("ENOTDIR", tiny.mkdirs, "/tmp/a", { "kept/file/x" })
check.refuses('paths: expected list of path, got the string "a"', tiny.mkdirs, "/tmp/a", "a")
