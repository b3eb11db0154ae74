-- Layers that would use all memory, disk or time: each is refused with a reason, and its reader stays small.
local check = require "check"
local tar = require "tar_maker"

-- Unpacks what the command prints, in a separate process; returns its error and its peak memory in MiB.
local function unpack(command, options)
  tiny.try(tiny.remove, "in", { recursive = true })
  tiny.mkdir "in"
  local from, into = tiny.pipe()
  local said, say = tiny.pipe()
  local writer <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec { "/bin/sh", "-c", command .. " 2>/dev/null" }
  end)
  into:close()
  local reader <close> = tiny.fork(function()
    options.into = "in"
    local _, err = tiny.try(tiny.layer_unpack, from, options)
    say:write(("%s|%s|%s"):format(err and err.code, tiny.read_file("/proc/self/status"):match("VmHWM:%s*(%d+) kB"), tostring(err)))
  end)
  say:close()
  from:close()
  local text = ""
  for bytes in function() return said:read() end do text = text .. bytes end
  local code, peak, message = text:match("^(%w+)|(%d+)|(.*)$")
  check.equal(reader:wait(), 0)
  writer:wait()
  return code, message, tonumber(peak) // 1024
end
local function refused(code, text, command, options)
  local got, message, peak = unpack(command, options or {})
  check.equal(got, code, message)
  assert(message:find(text, 1, true), message)
  assert(peak < 160, ("%s: %d MiB"):format(text, peak))
end
local function layer(entries)
  tiny.write_file("layer.tar", tar.archive(entries))
  return "cat layer.tar"
end

-- 1.2 GB of zeros after the end of the archive, in 1.2 MB.
refused("EFBIG", "the layer is more than 200 times as large as its compressed form",
  "python3 -c 'import gzip, sys; [sys.stdout.buffer.write(gzip.compress(bytes(1 << 20)) * 100) for _ in range(12)]'",
  { max_ratio = 200 })
-- The same without a limit on what is read, but on the size.
refused("EFBIG", "the layer has more than 1048576 bytes", "head -c 100000000 /dev/zero | gzip -1", { max_bytes = "1m" })
-- Sparse files: their holes are in no stream, and are not written.
local function hole(size, at) return { name = "f", data = "", pax = { { "GNU.sparse.size", size }, { "GNU.sparse.map", (at or size) .. ",0" }, { "GNU.sparse.name", "f" } } } end
refused("EFBIG", "the sparse files of the layer have more than 1048576 bytes", layer { hole "1000000", hole "1000000" }, { max_bytes = "1m" })
refused("EFBIG", "f", layer { hole "18446744073709551615" }, { max_bytes = "1t" })
local code, message = unpack(layer { hole "1000000000000" }, {})
check.equal(code, "nil", message)
check.equal(tiny.stat("in/f").size, 1000000000000)
-- A window of 128 MiB, and the largest that is read.
if os.execute "command -v zstd >/dev/null" then
  refused("EINVAL", "its zstd stream needs a window of more than 32 MiB", "cat layer.tar | zstd -q --long=27", {})
  local code, message = unpack("cat layer.tar | zstd -q --long=25", {})
  check.equal(code, "nil", message)
end
-- Many entries.
refused("EFBIG", "the layer has more than 1000 files", [[python3 -c 'import sys, tarfile
t = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
for i in range(5000): t.addfile(tarfile.TarInfo("f%d" % i))']], { max_entries = 1000 })
-- Names longer than the kernel's, in one part and in all, and a path that is too deep.
refused("ENAMETOOLONG", "nnnn", layer { { name = "x", data = "x", pax = { { "path", ("n"):rep(256) } } } })
refused("ENAMETOOLONG", "d/d/d/", layer { { name = "x", data = "x", pax = { { "path", ("d/"):rep(3000) .. "f" } } } })
refused("ENAMETOOLONG", "x", layer { { name = "x", type = "2", pax = { { "linkpath", ("t"):rep(5000) } } } })
refused("ELOOP", "a/f", layer { tar.symlink("a", "b"), tar.symlink("b", "a"), tar.file("a/f", "x") })
-- A deep tree and its removal.
code, message = unpack(layer { { name = "x", data = "x", pax = { { "path", ("d/"):rep(2000) .. "f" } } } }, {})
check.equal(code, "nil", message)
-- Many whiteouts with long names, which are kept until the end.
refused("EFBIG", "the names of its directories, whiteouts and links have more than 64 MiB", [[python3 -c 'import sys, tarfile
one = tarfile.TarInfo("/".join(["d" * 200] * 19) + "/.wh.x").tobuf(tarfile.GNU_FORMAT)
for i in range(200): sys.stdout.buffer.write(one * 100)']])
-- Hard links each to the next one, whose target comes last.
local chain = {}
for i = 1, 5000 do table.insert(chain, tar.link("l" .. i, "l" .. i + 1)) end
table.insert(chain, tar.file("l5001", "x"))
code, message = unpack(layer(chain), {})
check.equal(code, "nil", message)
check.equal(tiny.stat("in/l1").ino, tiny.stat("in/l5001").ino)
-- A directory that is replaced again and again costs as much as its entries.
local many = {}
for i = 1, 3000 do
  table.insert(many, tar.file("d/" .. i % 50, "x"))
  table.insert(many, tar.file("d", "x"))
  table.insert(many, tar.dir "d")
end
code, message = unpack(layer(many), {})
check.equal(code, "nil", message)
