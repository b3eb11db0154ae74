-- repl at a terminal, with a running container: its name is completed, --in and :in define its handles, a program that
-- runs in it can be interrupted, and a child can use the terminal.
local check = require "check"

check.succeeds("run", "-d", "--name", "websrv", "sh", "-c", "echo hello; exec sleep 1000")
repeat until check.succeeds("logs", "websrv") == "hello\n"
tiny.mkdir("/tmp/pts")
tiny.mount_devpts("/tmp/pts", {})
local master, slave = tiny.openpty("/tmp/pts")
tiny.terminal_size(master, { rows = 24, cols = 80 })

local function start(...)
  local words = { "repl", ... }
  return tiny.fork(function()
    tiny.setsid()
    tiny.set_controlling_terminal(slave)
    for number = 0, 2 do tiny.dup2(slave, number) end
    tiny.exec { env = { HOME = "/tmp", TERM = "xterm", NO_COLOR = "1", PATH = "/bin:/usr/bin" }, "/proc/self/exe", "--root", check.root, table.unpack(words) }
  end)
end
local seen = ""
-- Waits until the text appears; returns the output before it.
local function expect(text)
  while true do
    local from, to = seen:find(text, 1, true)
    if from then
      local before = seen:sub(1, from - 1)
      seen = seen:sub(to + 1)
      return before
    end
    if #tiny.poll({ master }, "20s") == 0 then error(("%q did not show; there is %q"):format(text, seen), 2) end
    seen = seen .. master:read()
  end
end
-- Enters a line; returns its output.
local function answer(line)
  master:write(line .. "\r")
  expect("\27[?2004l\r\n")
  local printed = expect("\27[?2004h")
  expect("tiny> ")
  return printed
end

local prompt <close> = start("--in", "websrv")
local banner = expect("tiny> ")
for _, want in ipairs { "websrv %(%x+%) is running: sh %-c echo hello; exec sleep 1000\r\n", "  process  ", "  exec { … }  ", "  logs%(n%)  " } do
  assert(banner:find(want), banner)
end
for line in banner:gmatch("[^\r\n]+") do assert(utf8.len(line) <= 79 or line:find("\27"), line) end
check.equal(answer("process.pid == container.state.pid"), "true\r\n")
check.equal(answer("logs()"), "hello\r\n")
check.equal(answer("exec { 'sh', '-c', 'exit 5' }"), "5\r\n")

-- Tab completes the name, and its closing quote.
master:write('w = container "web\t')
expect('container "websrv"')
check.equal(answer(""), "")
check.equal(answer("w.id == container.id"), "true\r\n")
master:write(":in we\t")
expect(":in websrv")
assert(answer(""):find("websrv (", 1, true))
assert(answer("inspect 'websrv'"):find("\nNamespaces", 1, true))

-- Ctrl-C ends the program, but neither the container nor the prompt.
master:write("exec { 'sh', '-c', 'echo on; exec sleep 1000' }\r")
expect("on\r\n")
master:write("\3")
expect("tiny> ")
check.equal(answer("#tiny.poll({ process }, 0)"), "0\r\n")

-- With a separate terminal, inside.
master:write("exec { 'sh', '-c', 'read x; echo got $x', tty = true }\r")
expect("\27[?2004l\r\n")
master:write("typed\r")
expect("got typed\r\n")
expect("0\r\n")
expect("tiny> ")
-- A new pid namespace of the prompt, whose PID 1 is the next child.
answer("tiny.unshare { pid = true }")
assert(answer("tiny.fork(function() return tiny.getpid() + 6 end):wait()"):find("^7\r\n"))
master:write("\4")
check.equal(prompt:wait(), 0)
