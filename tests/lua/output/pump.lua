-- pump, pump_move, pump_finish, pump_drop: every byte of a FIFO is in the log once, whichever process is killed and
-- when.
local check = require "check"

tiny.mkdir("/tmp/run")
local function fifo(name)
  tiny.mknod("/tmp/run/" .. name, "fifo")
  return tiny.open("/tmp/run/" .. name, { read = true, write = true })
end
local out, err = fifo("stdout"), fifo("stderr")

local function texts()
  local list = {}
  for line in (tiny.read_file("/tmp/log") or ""):gmatch("[^\n]+") do
    local entry = tiny.json_decode(line)
    table.insert(list, entry.stream:sub(4) .. ":" .. entry.text .. (entry.partial and "…" or ""))
  end
  return table.concat(list, " ")
end

local pump <close> = tiny.pump("/tmp/log", { dir = "/tmp/run" })
out:write("one\ntw")
err:write("bad\n")
check.equal(#tiny.poll({ pump.stdout, pump.stderr }, 0), 2, "ready streams")
local more, bytes, came = pump:move("stdout", { keep = true })
check.equal(came, 6)
check.equal(more, false)
check.equal(bytes, "one\ntw")
pump:move("stderr")
check.equal(texts(), "out:one err:bad")

-- A second pump, as after a SIGKILL, continues in the middle of the line.
out:write("o\n\nlast")
local again <close> = tiny.pump("/tmp/log", { dir = "/tmp/run" })
again:move("stdout")
check.equal(texts(), "out:one err:bad out:two out:")
again:finish("stdout")
check.equal(texts(), "out:one err:bad out:two out: out:last…")

-- 4 MiB with bytes of every value arrive complete, and the spool releases its space.
local all = {}
for i = 0, 255 do all[#all + 1] = string.char(i) end
local block = table.concat(all):rep(256)
local writer <close> = tiny.fork(function()
  for _ = 1, 64 do out:write(block) end
end)
local ended = false
while not ended do
  for _, ready in ipairs(tiny.poll { again.stdout, writer }) do
    if ready == writer then ended = true else again:move("stdout") end
  end
end
again:finish("stdout")
local entry = tiny.json_decode(tiny.read_file("/tmp/log", { max = "64m" }):sub(-4096):match("([^\n]+)\n$"))
check.equal(entry["end"], #"one\ntwo\n\nlast" + 64 * #block, "bytes in the log")

check.refuses('option "dir" is missing: the directory of the FIFOs and spools', tiny.pump, "/tmp/log")
check.refuses('stream: "stdin" is not one of "stdout"|"stderr"', tiny.pump_move, again, "stdin")
check.fails("ENOENT", tiny.pump, "/tmp/log", { dir = "/tmp/nothing" })

-- A full disk: the log has whole lines or none, and each of them once when there is space again.
tiny.mkdir("/tmp/full")
tiny.mount_tmpfs("/tmp/full", { size = "32k" })
tiny.write_file("/tmp/full/ballast", ("x"):rep(28000))
for _, name in ipairs { "stdout", "stdout.spool" } do tiny.remove("/tmp/run/" .. name) end
local stdout = fifo("stdout")
local full <close> = tiny.pump("/tmp/full/log", { dir = "/tmp/run" })
for i = 1, 100 do stdout:write(("line %d %s\n"):format(i, ("y"):rep(60))) end
for _ = 1, 3 do
  local failure = check.fails("ENOSPC", full.move, full, "stdout")
  check.equal(failure.path, "/tmp/full/log")
  check.equal(tiny.read_file("/tmp/full/log"), "")
end
tiny.remove("/tmp/full/ballast")
full:move("stdout")
local count = 0
for line in tiny.read_file("/tmp/full/log"):gmatch("[^\n]+") do
  for number in tiny.json_decode(line).text:gmatch("line (%d+) ") do
    count = count + 1
    check.equal(number, tostring(count))
  end
end
check.equal(count, 100)

-- Dropped while the disk is full: earlier output is kept, and the log records how much is missing.
local ballast = tiny.open("/tmp/full/ballast", { write = true, create = true })
check.fails("ENOSPC", ballast.write, ballast, ("x"):rep(32768))
ballast:close()
stdout:write("begun, ")
stdout:write(("z"):rep(60) .. "\n")
stdout:write(("more "):rep(800) .. "\n")
check.fails("ENOSPC", full.move, full, "stdout")
stdout:write("lost\n")
local more_there, dropped, lost = full:drop("stdout", { keep = true })
check.equal(lost, 5)
check.equal(more_there, false)
check.equal(dropped:sub(-5), "lost\n")
tiny.remove("/tmp/full/ballast")
stdout:write("back\n")
full:move("stdout")
local after = {}
for line in tiny.read_file("/tmp/full/log"):gmatch("[^\n]+") do
  local entry = tiny.json_decode(line)
  table.insert(after, entry.lost or not entry.text:match("^line") and entry.text:match("^%w+") or nil)
end
check.equal(table.concat(after, " "), "begun more 5 back")
check.refuses('stream: "stdin" is not one of "stdout"|"stderr"', tiny.pump_drop, full, "stdin")

-- At most so many bytes; what exceeds a limit of the output is recorded as that. A later pump knows how much was moved.
tiny.mkdir("/tmp/bound")
for _, name in ipairs { "stdout", "stderr" } do tiny.mknod("/tmp/bound/" .. name, "fifo") end
local source <close> = tiny.open("/tmp/bound/stdout", { read = true, write = true })
local bound <close> = tiny.pump("/tmp/bound/log", { dir = "/tmp/bound" })
check.equal(bound.taken, 0)
source:write("12345\n789")
local _, _, first = bound:move("stdout", { most = 4 })
check.equal(first, 4)
local there, text, second = bound:move("stdout", { most = 3, keep = true })
check.equal(there, true)
check.equal(text, "5\n7")
check.equal(second, 3)
check.equal(select(3, bound:drop("stdout", { excess = true })), 2)
bound:finish("stdout")
assert(tiny.read_file("/tmp/bound/log"):find("2 bytes lost: the limit of the output was reached", 1, true), "the reason in the log")
local later <close> = tiny.pump("/tmp/bound/log", { dir = "/tmp/bound" })
check.equal(later.taken, 7)
