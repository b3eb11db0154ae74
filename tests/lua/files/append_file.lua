-- append_file: appends to a file; lines written by several processes do not interleave.
local check = require "check"

tiny.append_file("file", "one\n", { mode = tonumber("600", 8) })
tiny.append_file("file", "two\n")
check.equal(tiny.read_file("file"), "one\ntwo\n")
check.equal(tiny.stat("file").mode, tonumber("600", 8))

local children = {}
for i = 1, 4 do
  children[i] = tiny.fork(function()
    local line = tostring(i):rep(5000) .. "\n"
    for _ = 1, 100 do tiny.append_file("lines", line) end
  end)
end
for _, child in ipairs(children) do child:wait() end
local count = 0
for line in tiny.read_file("lines"):gmatch("[^\n]+") do
  count = count + 1
  assert(line == line:sub(1, 1):rep(5000), "a mixed line")
end
check.equal(count, 400)

tiny.mkdir("full")
tiny.mount_tmpfs("full", { size = "4k" })
local err = check.fails("ENOSPC", tiny.append_file, "full/file", ("x"):rep(10000))
check.equal(err.path, "full/file")
check.equal(err.hint, "the disk is full; some of the bytes may have been appended")

tiny.write_file("target", "kept")
tiny.symlink("target", "link")
check.fails("ELOOP", tiny.append_file, "link", "x")
check.equal(tiny.read_file("target"), "kept")
check.fails("ENOENT", tiny.append_file, "no/where", "x")
check.refuses("data: expected string, got a table", tiny.append_file, "file", {})
