-- A terminal that accepts no output (^S, or a reader that does not read) does not block signal handling in `exec`:
-- signals are passed on to the program and end the wait for its remaining output, and all output arrives when the
-- terminal continues.
local check = require "check"

-- Runs `exec` with these arguments at a terminal that is not read; returns the process and the terminal.
local function at_terminal(words)
  local master, slave = tiny.openpty("/dev/pts")
  local child = check.start(function()
    for number = 0, 2 do tiny.dup2(slave, number) end
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "exec", table.unpack(words) }
  end)
  slave:close()
  if #tiny.poll({ master }, 20) == 0 then error("nothing comes", 0) end
  return child, master
end

check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
for _, words in ipairs { { "c", "yes", "0123456789" }, { "--raw", "c", "yes", "0123456789" } } do
  local child, master = at_terminal(words)
  tiny.poll({}, "500ms")
  local deadline = tiny.clock("monotonic") + 60
  -- The first signal is for the program.
  while #tiny.poll({ child }, "200ms") == 0 do
    if tiny.clock("monotonic") > deadline then error("exec does not hear SIGTERM", 0) end
    tiny.try(tiny.kill, child, "SIGTERM")
  end
  child:wait()
  master:close()
end

-- Nothing is lost, including what the program leaves in the pipe.
local child, master = at_terminal { "c", "sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done" }
tiny.poll({}, "500ms")
local got = {}
while true do
  local bytes = tiny.try(master.read, master)
  if not bytes then break end
  table.insert(got, bytes)
end
check.equal(child:wait(), 0)
local want = {}
for i = 0, 19999 do want[i + 1] = ("line %d\r\n"):format(i) end
check.equal(#table.concat(got), #table.concat(want))
assert(table.concat(got) == table.concat(want), "the output is as it was written")
check.succeeds("rm", "-f", "c")
check.no_container()
