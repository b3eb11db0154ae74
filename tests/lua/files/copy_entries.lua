-- copy_entries: copies files and links by names and patterns, with another user's permissions on request.
local check = require "check"

local function octal(text) return tonumber(text, 8) end
tiny.mkdir("/tmp/from/dir", { parents = true })
tiny.mkdir("/tmp/to")
tiny.write_file("/tmp/from/open", "open", { mode = octal "4755" })
tiny.write_file("/tmp/from/closed", "closed", { mode = octal "640" })
tiny.write_file("/tmp/from/large", ("x"):rep(5000))
tiny.symlink("open", "/tmp/from/link")
tiny.mknod("/tmp/from/fifo", "fifo", { mode = octal "666" })
local socket <close> = tiny.unix_listen("/tmp/from/socket")

os.execute("chmod 666 /tmp/from/socket")

local names = { ["/tmp/from"] = { "open", "closed", "none", "link", "large", "dir", "f*", "s*t" } }
local kinds = tiny.copy_entries(names, "/tmp/to", { max = "4k", access_as = 65534 })
check.equal(tiny.json_encode(kinds), tiny.json_encode {
  ["/tmp/from/open"] = "file", ["/tmp/from/link"] = "link", ["/tmp/from/dir"] = "dir", ["/tmp/from/fifo"] = "fifo", ["/tmp/from/socket"] = "socket",
})
check.equal(table.concat(tiny.list_dir("/tmp/to/tmp/from"), " "), "link open")
check.equal(tiny.read_file("/tmp/to/tmp/from/open"), "open")
check.equal(tiny.stat("/tmp/to/tmp/from/open").mode, octal "755", "no set-id bit")
check.equal(tiny.readlink("/tmp/to/tmp/from/link"), "open")

-- The caller's identity and privileges are restored; its own access can read more.
check.equal(tiny.stat("/tmp/to/tmp/from/open").uid, 0)
check.equal(#tiny.caps().effective, #tiny.caps().permitted)
check.equal(tiny.copy_entries({ ["/tmp/from"] = { "closed" } }, "/tmp/to")["/tmp/from/closed"], "file")
check.equal(tiny.read_file("/tmp/to/tmp/from/closed"), "closed")
-- Existing files are kept.
tiny.write_file("/tmp/from/closed", "new")
tiny.copy_entries({ ["/tmp/from"] = { "closed" } }, "/tmp/to")
check.equal(tiny.read_file("/tmp/to/tmp/from/closed"), "closed")
tiny.mkdir("/tmp/to2")
tiny.copy_entries({ ["/tmp/from"] = { "link" } }, "/tmp/to2", { follow = true })
check.equal(tiny.read_file("/tmp/to2/tmp/from/link"), "open")
check.equal(tiny.stat("/tmp/to2/tmp/from/link", { follow = false }).kind, "file")

-- All together use this many pages; files beyond that are reported, and directories are always reported.
tiny.mkdir("/tmp/to3")
tiny.write_file("/tmp/from/a", "a")
kinds = tiny.copy_entries({ ["/tmp/from"] = { "a", "dir", "large", "open" } }, "/tmp/to3", { total = "8k" })
check.equal(tiny.json_encode(kinds), tiny.json_encode { ["/tmp/from/a"] = "file", ["/tmp/from/dir"] = "dir", ["/tmp/from/large"] = "left out", ["/tmp/from/open"] = "file" })
check.equal(table.concat(tiny.list_dir("/tmp/to3/tmp/from"), " "), "a open")

check.fails("ENOENT", tiny.copy_entries, { ["/tmp/from"] = { "open" } }, "/tmp/none")
check.refuses('"a/b" is not a file name', tiny.copy_entries, { ["/tmp"] = { "a/b" } }, "/tmp/to")
check.refuses("option \"access_as\": 4294967295 is not an integer from 0 to 4294967294", tiny.copy_entries, { ["/tmp"] = { "a" } }, "/tmp/to", { access_as = 4294967295 })
