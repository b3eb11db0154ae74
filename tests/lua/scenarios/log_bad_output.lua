-- Unusual output of a container: closed streams, a line that never ends, arbitrary bytes.
local check = require "check"

-- A program that closes its stdout continues, and the rest is logged.
local closed = check.run { "run", "--name", "closed", "sh", "-c", "echo before; exec >&-; echo lost; echo after >&2; sleep 0.2; exit 3" }
check.equal(closed.status, 3)
check.equal(closed.out, "before\n")
assert(closed.err:match("after\n$"), closed.err)
check.equal(check.run({ "logs", "closed" }).out, "before\n")

-- Every byte is preserved: alone, in a burst, and in a character that is split.
local bytes = {}
for i = 0, 255 do bytes[i + 1] = string.char(i) end
local all = table.concat(bytes) .. "\xc3\n" .. ("\u{e9}"):rep(20000) .. "\n" .. ("\xff\n"):rep(5000) .. "end"
check.equal(check.run({ "run", "-i", "--name", "bytes", "cat" }, all).out == all, true, "what run shows")
check.equal(check.succeeds("logs", "bytes") == all, true, "what logs shows")

-- 100 MB without a newline: complete, in partial entries, and with little memory on both sides.
local SIZE = 100 * 1000 * 1000
local function peak(pid)
  return tonumber((tiny.read_file(("/proc/%d/status"):format(pid)) or ""):match("VmHWM:%s+(%d+)") or "0")
end
local id = check.succeeds("run", "-d", "--name", "endless", "--log-max-size", "0", "sh", "-c", ("head -c %d /dev/zero | tr '\\0' x; sleep 60"):format(SIZE)):sub(1, 12)
local dir = check.root .. "/containers/" .. id
local watch <close> = tiny.watch { dir .. "/container.log" }
while tiny.stat(dir .. "/container.log").size < SIZE do
  tiny.poll({ watch }, "100ms")
  watch:changes()
end
local supervisor = tiny.json_decode(tiny.read_file(dir .. "/state.json")).supervisor.pid
local used = peak(supervisor)
assert(used > 0 and used < 40000, ("the supervisor used %d kB"):format(used))
check.succeeds("stop", "-t", "0", "endless")
local from, into = tiny.pipe()
local reader <close> = check.start(function()
  tiny.dup2(into, 1)
  tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "logs", "endless" }
end)
into:close()
local got, most = 0, 0
for piece in function() return from:read("1m") end do
  got = got + #piece
  if not piece:match("^x+$") then error("other bytes") end
  most = math.max(most, peak(reader.pid))
end
check.equal(got, SIZE)
assert(most > 0 and most < 40000, ("logs used %d kB"):format(most))
check.equal(reader:wait(), 0)
print(("peak: supervisor %d kB, logs %d kB"):format(used, most))
