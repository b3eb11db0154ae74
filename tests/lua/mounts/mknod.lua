-- mknod: creates nodes with exactly the requested mode at any umask; never through a link.
local check = require "check"

tiny.mkdir("dev")
tiny.mount_tmpfs("dev")
tiny.write_file("nodes.lua", [[
  tiny.mknod("dev/null", "char", { major = 1, minor = 3, mode = tonumber("666", 8) })
  tiny.mknod("dev/fifo", "fifo", { mode = tonumber("622", 8) })
  tiny.mknod("dev/block", "block", { major = 7, minor = 300 })
  tiny.mkdir("dev/sticky", { mode = tonumber("1777", 8) })
  tiny.mkdir("dev/group", { mode = tonumber("2775", 8) })
  tiny.mkdir("dev/a/b/c", { parents = true })
  tiny.write_file("dev/file", "", { mode = tonumber("664", 8) })
]])
local program = ("/proc/%d/exe"):format(tiny.getpid())
local child <close> = tiny.fork(function()
  tiny.exec { "/bin/sh", "-c", [[umask 077; exec "$0" run nodes.lua]], program }
end)
check.equal(child:wait(), 0)
local function is(path, kind, mode)
  local s = tiny.stat(path)
  check.equal(s.kind, kind, path)
  check.equal(("%o"):format(s.mode), mode, path)
end
is("dev/null", "char", "666")
is("dev/fifo", "fifo", "622")
is("dev/block", "block", "666")
is("dev/sticky", "dir", "1777")
is("dev/group", "dir", "2775")
is("dev/a/b/c", "dir", "755")
is("dev/a", "dir", "755")
is("dev/file", "file", "664")
tiny.open("dev/null", { write = true }):write("gone")
check.equal(tiny.open("dev/null"):read(), nil, "the null device")

-- A second process replaces each new node with a link to a file outside.
tiny.mkdir("root/dev", { parents = true })
tiny.write_file("outside", "", { mode = tonumber("600", 8) })
local swapper <close> = tiny.fork(function()
  tiny.exec { "perl", "-e", [[
    while (1) { symlink "/tmp/outside", "root/link"; rename "root/link", "root/dev/x"; unlink "root/dev/x"; select undef, undef, undef, 0.00002 }]] }
end)
for i = 1, 4000 do
  local _, err
  if i % 2 == 0 then
    _, err = tiny.try(tiny.mknod, "dev/x", "fifo", { root = "root" })
  else
    _, err = tiny.try(tiny.mkdir, "dev/x", { root = "root", mode = tonumber("777", 8) })
  end
  if err then check.equal(err.code, "EEXIST", tostring(err)) end
  tiny.try(tiny.remove, "root/dev/x")
end
swapper:close()
is("outside", "file", "600")

local err = check.fails("EEXIST", tiny.mknod, "dev/fifo", "fifo")
check.equal(err.path, "dev/fifo")
check.equal(err.hint, "a file of that name already exists")
check.equal(check.fails("ENOENT", tiny.mknod, "no/where", "fifo").hint, "its directory is missing")
check.fails("EINVAL", tiny.mknod, "dev/..", "fifo")
check.inside({}, function()
  tiny.setuser(12345)
  assert(check.fails("EPERM", tiny.mknod, "device", "char", { major = 1, minor = 3 }).hint:match("bind%-mount"))
end)
check.refuses([[kind: "chr" is not one of "char"|"block"|"fifo"; did you mean "char"?]], tiny.mknod, "x", "chr")
check.refuses([[option "major": -1 is not an integer from 0 to 4095]], tiny.mknod, "x", "char", { major = -1 })
