-- exec relays the program's streams: all bytes arrive in both directions, its exit is not delayed by background
-- processes, and a slow reader, or one that closes, affects the program as on a pipe.
local check = require "check"
local sit = require "person"

check.succeeds("run", "-d", "--name", "c", "sleep", "1000")

-- Starts exec with these files as its streams, by number.
local function exec(files, ...)
  local words = { ... }
  return check.start(function()
    for number, file in pairs(files) do tiny.dup2(file, number) end
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "exec", table.unpack(words) }
  end)
end
local function open(path) return tiny.open(path, { read = true, write = true, create = true }) end

-- Much data, in both directions; end of file on input reaches the program.
local data = {}
for i = 1, 800000 do data[i] = ("%09d\n"):format(i) end
tiny.write_file("/tmp/big", table.concat(data))
local back = open("/tmp/back")
check.equal(exec({ [0] = open("/tmp/big"), back }, "-i", "c", "cat"):wait(), 0)
check.equal(tiny.read_file("/tmp/back"), tiny.read_file("/tmp/big"), "8 MB")
check.equal(check.run({ "exec", "-i", "c", "wc", "-c" }, "four").out, "4\n")
check.equal(check.run({ "exec", "-i", "c", "cat" }, "").out, "", "no input")
check.equal(check.run({ "exec", "c", "cat" }, "not passed on").out, "")
-- Output written right before the exit arrives; the two streams are separate.
for _ = 1, 20 do
  local both = check.run { "exec", "c", "sh", "-c", "head -c 60000 /dev/zero; echo err >&2; exit 3" }
  check.equal(#both.out, 60000)
  check.equal(both.err, "err\n")
  check.equal(both.status, 3)
end
-- If the caller's streams are one file, their order is that in which the program wrote.
local one = open("/tmp/one")
check.equal(exec({ one, one }, "c", "sh", "-c", "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done"):wait(), 0)
check.equal(tiny.read_file("/tmp/one"), "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nout 4\nerr 4\nout 5\nerr 5\n")

-- Background processes with open streams are not waited for.
local began = tiny.clock("monotonic")
check.equal(check.run({ "exec", "-i", "c", "sh", "-c", "sleep 30 & echo started" }, "x").out, "started\n")
check.equal(check.run({ "exec", "c", "sh", "-c", "while :; do echo more; done & sleep 0.2; exit 4" }).status, 4)
assert(tiny.clock("monotonic") - began < 20, "it waited for what was left behind")

-- A reader that closes: the program gets SIGPIPE. A closed writer has no effect.
local from, into = tiny.pipe()
local child = exec({ into }, "c", "yes")
into:close()
from:read(100)
from:close()
check.equal(child:wait("20s"), 141, "SIGPIPE")
local deaf = open("/tmp/deaf")
check.equal(exec({ [0] = open("/tmp/big"), deaf }, "-i", "c", "sh", "-c", "exec <&-; sleep 0.3; echo on"):wait("20s"), 0)
check.equal(tiny.read_file("/tmp/deaf"), "on\n")
-- Output that cannot be written is a failure.
local full = exec({ tiny.open("/dev/full", { write = true }) }, "c", "echo", "lost")
check.equal(full:wait("20s"), 125, "the status")

-- A slow reader: the program blocks, and nothing accumulates in between. No process is busy meanwhile, not even with a
-- file as input that is not read. Signals still reach the program.
local function ticks(pid)
  local fields = tiny.read_file(("/proc/%d/stat"):format(pid)):match("%) (.*)")
  local user, system = fields:match("^" .. ("%S+ "):rep(11) .. "(%d+) (%d+)")
  return tonumber(user) + tonumber(system)
end
from, into = tiny.pipe()
child = exec({ [0] = open("/tmp/big"), into }, "-i", "c", "sh", "-c", "trap 'exit 9' TERM; yes >&1 & echo $! >/tmp/yes; while :; do sleep 0.1; done")
into:close()
tiny.poll({ from })
tiny.poll({}, "500ms")
local before = ticks(child.pid)
local size = tiny.read_file(("/proc/%d/status"):format(child.pid)):match("VmRSS:%s*(%d+)")
tiny.poll({}, "1s")
assert(ticks(child.pid) - before < 20, "it is busy")
assert(tonumber(size) < 40000, "it holds " .. size .. " kB")
tiny.kill(child, "SIGTERM")
local status = child:wait("5s")
if status == nil then -- the pipe's capacity is the rest, and it waits for us
  for _ = 1, 1000 do if not from:read() then break end end
  status = child:wait("20s")
end
check.equal(status, 9, "what the program made of SIGTERM")
from:close()
check.succeeds("exec", "c", "sh", "-c", "kill $(cat /tmp/yes) 2>/dev/null; true")

-- At a terminal without -t: line by line.
local person = sit("exec", "-i", "c", "sh", "-c", "while read x; do echo got $x; done; echo end")
person:type("one\n")
person:sees("got one\r\n")
person:type("two\n")
person:sees("got two\r\n")
person:type("\4")
person:sees("end\r\n")
check.equal(person:leaves(), 0)

check.succeeds("rm", "-f", "c")

-- `run -i` does the same; input that one run of a container does not read is for the next.
local big, copy = open("/tmp/big"), open("/tmp/copy")
local run = check.start(function()
  tiny.dup2(big, 0)
  tiny.dup2(copy, 1)
  tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "run", "--rm", "-i", "cat" }
end)
check.equal(run:wait(), 0)
check.equal(tiny.read_file("/tmp/copy"), tiny.read_file("/tmp/big"), "8 MB")
local lives = check.run({ "run", "--rm", "-i", "--restart", "on-failure:2", "sh", "-c", "read x; echo got $x; exit 1" }, "first\nsecond\nthird\n")
check.equal(lives.out, "got first\ngot second\ngot third\n")
check.no_container()
