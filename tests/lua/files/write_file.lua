-- write_file: readers see the old or the new content, never a part; a failure keeps the old content and leaves no other
-- file.
local check = require "check"

tiny.write_file("file", "one", { mode = tonumber("640", 8) })
check.equal(tiny.stat("file").mode, tonumber("640", 8))
tiny.write_file("file", "two\0", { sync = true })
check.equal(tiny.read_file("file"), "two\0")

-- Two readers while two writers replace it.
tiny.mkdir("many")
local versions = { ("a"):rep(100000), ("b"):rep(70000) }
tiny.write_file("many/file", versions[1])
local children = {}
for _, version in ipairs(versions) do
  table.insert(children, tiny.fork(function()
    for _ = 1, 300 do tiny.write_file("many/file", version) end
  end))
  table.insert(children, tiny.fork(function()
    for _ = 1, 600 do
      local text = tiny.read_file("many/file")
      assert(text == versions[1] or text == versions[2], "a half: " .. #text)
    end
  end))
end
for _, child in ipairs(children) do check.equal(child:wait(), 0) end
check.equal(table.concat(tiny.list_dir("many"), " "), "file")

-- A full disk.
tiny.mkdir("full")
tiny.mount_tmpfs("full", { size = "8k" })
tiny.write_file("full/file", "old")
local err = check.fails("ENOSPC", tiny.write_file, "full/file", ("x"):rep(20000))
check.equal(err.path, "full/file")
check.equal(err.hint, "the disk is full; nothing was changed")
check.equal(tiny.read_file("full/file"), "old")
check.equal(table.concat(tiny.list_dir("full"), " "), "file")

-- If several processes create the file exclusively, one succeeds.
local makers, made = {}, 0
for i = 1, 8 do
  makers[i] = tiny.fork(function()
    local _, failed = tiny.try(tiny.write_file, "once", tostring(i), { exclusive = true })
    if failed then check.equal(failed.code, "EEXIST") end
    return failed and 1 or 0
  end)
end
for _, child in ipairs(makers) do made = made + 1 - child:wait() end
check.equal(made, 1)
check.equal(check.fails("EEXIST", tiny.write_file, "once", "", { exclusive = true }).hint, "the file already exists")

-- A link is replaced, not followed; below a root, a directory that is a link stays inside.
tiny.write_file("target", "kept")
tiny.symlink("target", "link")
tiny.write_file("link", "new")
check.equal(tiny.read_file("target"), "kept")
check.equal(tiny.stat("link", { follow = false }).kind, "file")
tiny.mkdir("root/tmp", { parents = true })
tiny.symlink("/tmp", "root/out")
tiny.write_file("out/inside", "x", { root = "root" })
check.equal(tiny.read_file("root/tmp/inside"), "x")
check.equal(tiny.stat("inside"), nil)
tiny.write_file(("n"):rep(255), "as long as a name may be")

check.equal(check.fails("ENOENT", tiny.write_file, "no/where", "").hint, "the file or its directory is missing")
check.fails("EISDIR", tiny.write_file, "root", "")
check.fails("EINVAL", tiny.write_file, "root/..", "")
local left = {}
for _, name in ipairs(tiny.list_dir(".")) do
  if name:match("^%.") then table.insert(left, name) end
end
check.equal(table.concat(left, " "), "", "temporary files")
check.refuses("data is missing: write_file(path, data [, options])", tiny.write_file, "file")
check.refuses([[unknown option "fsync"; did you mean "sync"?]], tiny.write_file, "file", "", { fsync = true })
