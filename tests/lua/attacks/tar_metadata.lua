-- An archive may declare any length for a name, for pax records, or for the map of a sparse file, and a reader keeps
-- these in memory: an archive with one name once used 2.1 GB.
local check = require "check"

local function field(text, length) return text .. ("\0"):rep(length - #text) end

-- A header of a GNU archive, with its checksum.
local function header(kind, size, name, tail)
  local function made(sum)
    local head = field(name or "././@LongLink", 100) .. "0000644\0" .. "0000000\0" .. "0000000\0" .. ("%011o\0"):format(size) .. "00000000000\0" .. sum .. kind
    return field(head .. ("\0"):rep(100) .. "ustar  \0", 386) .. field(tail or "", 126)
  end
  local sum = 0
  for i = 1, 512 do sum = sum + made("        "):byte(i) end
  return made(("%06o\0 "):format(sum))
end

-- Unpacks `first` and then `piece` repeatedly, in a separate process; returns its peak memory.
local function unpack(first, piece, count)
  local from, into = tiny.pipe()
  local said, say = tiny.pipe()
  local writer <close> = tiny.fork(function()
    from:close()
    tiny.try(function()
      into:write(first)
      for _ = 1, count do into:write(piece) end
    end)
  end)
  into:close()
  local reader <close> = tiny.fork(function()
    local _, err = tiny.try(tiny.tar_unpack, "in", { from = from })
    say:write(("%s|%s|%s"):format(err and err.code, tiny.read_file("/proc/self/status"):match("VmHWM:%s*(%d+) kB"), tostring(err)))
  end)
  say:close()
  from:close()
  local code, peak, text = said:read():match("^(%w+)|(%d+)|(.*)$")
  check.equal(reader:wait(), 0)
  writer:wait()
  return code, tonumber(peak) // 1024, text
end

tiny.mkdir("in")
local MIB = ("\0"):rep(1 << 20)
for _, kind in ipairs { "L", "K", "x", "g" } do
  local code, peak, text = unpack(header(kind, 300 << 20), MIB, 300)
  assert(peak < 100, ("%s: %d MiB"):format(kind, peak))
  check.equal(code, "EFBIG", text)
  assert(text:find("the names and records of an entry have more than 1 MiB", 1, true), text)
end
-- Many small records.
local text
local code, peak = unpack("", header("L", 1) .. field("x", 512) .. header("K", 1) .. field("x", 512), 200000)
assert(code ~= "nil" and peak < 100)
-- A sparse file with endless parts: each block announces another.
local EMPTY = ("%011o\0"):format(0):rep(2)
code, peak, text = unpack(header("S", 0, "sparse", EMPTY:rep(4) .. "\1"), field(EMPTY:rep(21) .. "\1", 512), 600000)
assert(peak < 100, ("S: %d MiB"):format(peak))
check.equal(code, "EFBIG", text)
check.equal(#tiny.list_dir("in"), 0)

-- A name of the kernel's maximum length works, and so does a header before a large file.
local long = ("d/"):rep(1500) .. "f"
code, _, text = unpack(header("L", #long + 1) .. field(long, (#long + 512) // 512 * 512) .. header("0", 3, "short") .. field("yes", 512), ("\0"):rep(1024), 1)
check.equal(code, "nil", text)
check.equal(tiny.read_file("in/" .. long), "yes")
code, _, text = unpack(header("0", 8 << 20, "large"), MIB, 9)
check.equal(code, "nil", text)
check.equal(tiny.stat("in/large").size, 8 << 20)

-- A sparse file that claims 4 GiB, with three bytes at its end, on a file system of 1 MiB: holes use no space.
tiny.mount_tmpfs("small", { create = true, size = "1m" })
local SIZE <const> = 4 << 30
local function number(n) return ("%011o\0"):format(n) end
local map = field(number(SIZE - 3) .. number(3), 96) .. "\0" .. number(SIZE)
tiny.write_file("sparse.tar", header("S", 3, "sparse", map) .. field("end", 512) .. ("\0"):rep(1024))
tiny.tar_unpack("small", { from = tiny.open("sparse.tar") })
check.equal(tiny.stat("small/sparse").size, SIZE)
local file <close> = assert(io.open("small/sparse"))
file:seek("end", -5)
check.equal(file:read("a"), "\0\0end")

-- With the command.
tiny.write_file("endless.tar", header("L", 1 << 30) .. MIB:rep(3))
check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
local err, err_end = tiny.pipe()
local command <close> = check.start(function()
  tiny.dup2(tiny.open("endless.tar"), 0)
  tiny.dup2(err_end, 2)
  tiny.exec { "/proc/self/exe", "--root", check.root, "cp", "-", "c:/tmp" }
end)
err_end:close()
check.equal(command:wait(), 125)
local told = err:read()
assert(told:find("the names and records of an entry have more than 1 MiB", 1, true), told)
check.succeeds("rm", "-f", "c")
check.no_container()
