-- A file grows while it is copied. `cp` used to read up to the end of the file, which a writer can delay forever, and
-- so filled the host's disk. A copy has the size that the file had when it was opened.
local attack = require "attack"
local check = require "check"

attack.rootfs("root")
check.succeeds("run", "-d", "--name", "c", "--rootfs", "root", "/bin/sleep", "1000")
for name, size in pairs { ["/tmp/tiny"] = "1m", ["/tmp/small"] = "16m" } do
  tiny.mkdir(name, { parents = true })
  tiny.mount_tmpfs(name, { size = size })
end

local function spin(seconds)
  local begin = tiny.clock("monotonic")
  repeat until tiny.clock("monotonic") - begin > seconds
end

-- A file that is empty for a moment and then, as a sparse file, larger than any copy could be. It keeps that size for
-- as long as it takes to fill the target.
local HUGE = 1 << 37
local stop = attack.loop(function()
  local file = io.open("root/tmp/endless", "w")
  spin(0.0003)
  file:seek("set", HUGE)
  file:write("x")
  file:flush()
  spin(0.003)
  file:close()
end)
local sizes, tries, begin = {}, 0, tiny.clock("monotonic")
local function passed(seconds) return tiny.clock("monotonic") - begin > seconds end
repeat
  tries = tries + 1
  local done = check.run { "cp", "c:/tmp/endless", "/tmp/tiny/copy" }
  check.equal(done.status, 0, done.err)
  local size = tiny.stat("/tmp/tiny/copy").size
  assert(size == 0 or size == HUGE + 1, ("%d bytes were copied of what was empty"):format(size))
  sizes[size] = true
  -- On a single CPU, which the writer shares, both states may never be observed.
until sizes[0] and sizes[HUGE + 1] and (tries >= 150 or passed(20)) or attack.slow and passed(30)
assert(stop() > tries, "raced")

-- A file that is appended to endlessly: copied out, out as an archive, and in.
local file = io.open("root/tmp/appended", "w")
local piece, written, most = ("x"):rep(1 << 16), 0, (attack.slow and 1 or 8) << 20
local function append(path)
  return function()
    if written >= most then
      file:close()
      file, written = io.open(path, "w"), 0
    end
    file:write(piece)
    file:flush()
    written = written + #piece
  end
end
stop = attack.loop(append("root/tmp/appended"))
local notes = 0
for _ = 1, 15 do
  local out = check.run { "cp", "c:/tmp/appended", "/tmp/small/out" }
  check.equal(out.status, 0, out.err)
  assert(tiny.stat("/tmp/small/out").size <= most)
  notes = notes + (out.err:match("1 files changed during the copy; each was copied up to its size at the start\n") and 1 or 0)
  local archive = check.run { "cp", "c:/tmp/appended", "-" }
  check.equal(archive.status, 0, archive.err)
  local size = tonumber(archive.out:sub(125, 135), 8)
  check.equal(#archive.out, 512 + (size + 511) // 512 * 512 + 1024, "an archive of the size that its header has")
end
assert(stop() > 15 and (notes > 0 or attack.slow), "raced")
stop = attack.loop(append("appended"))
for _ = 1, 5 do
  local done = check.run { "cp", "appended", "c:/tmp/in" }
  assert(done.status == 0 or done.err:match("does not exist"), done.err)
end
stop()

-- Files of the kernel that have content and size 0, or a wrong size: all of the content is read.
check.succeeds("cp", "c:/proc/version", "version")
check.equal(tiny.read_file("version"), tiny.read_file("/proc/version"))
check.succeeds("cp", "c:/sys/class/net/lo/mtu", "mtu")
check.equal(tiny.read_file("mtu"), "65536\n")
check.equal(tonumber(check.run({ "cp", "c:/proc/version", "-" }).out:sub(125, 135), 8), #tiny.read_file("version"))

-- Files on which open could block forever are never opened.
tiny.mknod("root/tmp/fifo", "fifo")
check.succeeds("cp", "c:/tmp/fifo", "fifo")
check.equal(tiny.stat("fifo").kind, "fifo")
check.succeeds("rm", "-f", "c")
for _, name in ipairs { "/tmp/tiny", "/tmp/small" } do tiny.umount(name) end
check.no_container()
