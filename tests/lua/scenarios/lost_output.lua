-- Output of tinylua itself that cannot be written is an error; a reader that has closed its pipe is not.
local check = require "check"

-- Runs tinylua with its stdout on `out`; returns its status, signal and its output on stderr.
local function run(out, ...)
  local arguments, from, into = { ... }, tiny.pipe()
  local child <close> = check.start(function()
    tiny.dup2(out, 1)
    tiny.dup2(into, 2)
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, table.unpack(arguments) }
  end)
  into:close()
  local text = ""
  for piece in function() return from:read() end do text = text .. piece end
  local status, signal = child:wait()
  return status, text, signal
end

local full = tiny.open("/dev/full", { write = true })
local SAID = "tinylua: cannot write to standard output: No space left on device\n"
check.succeeds("run", "--name", "one", "echo", "hi")
for _, arguments in ipairs {
  { "ps" }, { "ps", "-a", "--format", "json" }, { "logs", "one" }, { "logs", "-t", "one" }, { "inspect", "one" }, { "doc", "poll" },
  { "doctor" }, { "--help" }, { "run", "--help" }, { "--version" }, { "wait", "one" },
} do
  local status, text = run(full, table.unpack(arguments))
  check.equal(status, 125, table.concat(arguments, " "))
  check.equal(text, SAID, table.concat(arguments, " "))
end

-- An output error in the foreground is reported once, and the container keeps its own status.
local status, text = run(full, "run", "--name", "echo", "sh", "-c", "echo a; sleep 0.1; echo b; exit 7")
check.equal(status, 7)
check.equal(text, 'tinylua: echo: its stdout is no longer shown: ENOSPC: No space left on device: <stdout>\n')
check.equal(check.succeeds("logs", "echo"), "a\nb\n")

-- A closed pipe ends it without a message, as SIGPIPE ends other programs.
local from, closed = tiny.pipe()
from:close()
for _, arguments in ipairs { { "ps" }, { "logs", "one" }, { "--help" } } do
  local ended, said, signal = run(closed, table.unpack(arguments))
  check.equal(said, "", table.concat(arguments, " "))
  check.equal(signal, "SIGPIPE", table.concat(arguments, " ") .. " " .. tostring(ended))
end
status, text = run(closed, "run", "sh", "-c", "echo a; exit 7")
check.equal(status, 128 + tiny.signal_number("SIGPIPE"), "a foreground run ends like a program that SIGPIPE ended")
check.equal(text, "")
