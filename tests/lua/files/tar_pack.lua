-- tar_pack: writes archives that tar(1) can read.
local check = require "check"

tiny.mkdir("src/sub", { parents = true })
tiny.write_file("src/plain", "text", { mode = tonumber("640", 8) })
tiny.chown("src/plain", { uid = 1000, gid = 70000 })
local long = ("n"):rep(200)
tiny.write_file("src/sub/" .. long, "long")
tiny.symlink(long .. long, "src/link")
tiny.mknod("src/pipe", "fifo")

local function pack(path, name)
  local out <close> = tiny.open("out.tar", { write = true, create = true, truncate = true })
  return tiny.tar_pack(path, { to = out, name = name })
end
check.equal(pack("src", "top").entries, 6)
tiny.mkdir("there")
assert(os.execute("tar -xpf out.tar -C there"))
check.equal(tiny.read_file("there/top/plain"), "text")
check.equal(tiny.stat("there/top/plain").gid, 70000)
check.equal(tiny.stat("there/top/plain").mode, tonumber("640", 8))
check.equal(tiny.read_file("there/top/sub/" .. long), "long")
check.equal(tiny.readlink("there/top/link"), long .. long)
check.equal(tiny.stat("there/top/pipe").kind, "fifo")
pack("src/plain", "one")
check.equal(io.popen("tar -tf out.tar"):read("a"), "one\n")

-- A file that shrinks while it is read does not spoil the archive.
tiny.write_file("src/plain", ("x"):rep(8 << 20))
local shrink <close> = tiny.fork(function()
  for _ = 1, 200 do os.execute("truncate -s 1 src/plain; truncate -s 8M src/plain") end
end)
for _ = 1, 20 do
  pack("src", "top")
  assert(os.execute("tar -tf out.tar >/dev/null"))
end

check.fails("ENOENT", pack, "nowhere", "x")
local from, into = tiny.pipe()
from:close()
check.fails("EPIPE", tiny.tar_pack, "src", { to = into, name = "x" })
check.refuses('option "to" is missing: the file or pipe that receives the stream', tiny.tar_pack, "src", { name = "x" })
