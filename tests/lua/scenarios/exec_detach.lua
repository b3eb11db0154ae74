-- exec -it is detached with its detach keys: the program continues, with its terminal, and its exit is reported.
local check = require "check"
local sit = require "person"

check.succeeds("run", "-d", "--name", "box", "sleep", "1000")
local script = "trap 'exit 9' HUP; echo he\\re; while [ ! -e /tmp/go ]; do sleep 0.05; done; head -c 200000 /dev/zero; echo lives > /tmp/word; exit 5"
local person = sit("exec", "-it", "--detach-keys", "ctrl-a,d", "box", "sh", "-c", script)
person:sees("here")
-- The start of the key sequence followed by other keys is passed to the program.
person:type("\1x")
person:type("\1d")
check.equal(person:leaves(), 0, "the status of who left")
check.equal(person:mode(), person.mode_before, "the terminal is as before")
local function died()
  return check.succeeds("events", "--no-stream", "--filter", "event=exec_die")
end
check.equal(died(), "", "it lives on")

check.succeeds("exec", "-d", "box", "touch", "/tmp/go") -- no process reports its exit
local deadline = tiny.clock("monotonic") + 60
while not died():match("exec_die") do
  if tiny.clock("monotonic") > deadline then error("its end is not told: " .. check.succeeds("top", "box")) end
  tiny.poll({}, "20ms")
end
check.equal(check.succeeds("exec", "box", "cat", "/tmp/word"), "lives\n")
-- A kernel before 6.15 does not report the status to a process that is not the parent.
if tiny.probe().calls.pidfd_exit_status then assert(died():match("exit_code=5"), died()) end
-- Nothing remains of it.
for _, name in ipairs(tiny.list_dir("/proc")) do
  local words = name:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. name .. "/cmdline")
  local process <close> = words and words:match("detach%-keys") and tiny.pidfd_open(tonumber(name)) or nil
  assert(not process or #tiny.poll({ process }, "5s") > 0, "a process is left: " .. tostring(words))
end

local wrong = check.run { "exec", "-it", "--detach-keys", "ctrl-", "box", "true" }
check.equal(wrong.err, 'tinylua: --detach-keys: "ctrl-" is not a key\n  hint: one character, or ctrl- and a letter: ctrl-p,ctrl-q\n')
check.equal(wrong.status, 2)
check.succeeds("rm", "-f", "box")
check.no_container()
