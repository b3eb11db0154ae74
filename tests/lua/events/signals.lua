-- signals: delivers signals as events until the handle is closed; executed programs start with no signals blocked.
local check = require "check"

-- The blocked and ignored signals of this process, or in the text of a status file.
local none = ("0"):rep(16)
local function masks(status)
  status = status or tiny.read_file("/proc/self/status")
  return status:match("SigBlk:%s*(%x+)"), status:match("SigIgn:%s*(%x+)")
end
local function send(signal)
  local child <close> = tiny.fork(function() tiny.exec { "/bin/sh", "-c", "kill -" .. signal .. " $PPID" } end)
  child:wait()
end
do
  local signals <close> = tiny.signals { "SIGTERM", "int", 10, "SIGRTMIN+3" }
  for name, signal in pairs { SIGTERM = "TERM", SIGINT = "INT", SIGUSR1 = "USR1", SIG37 = "37" } do
    send(signal)
    check.equal(signals:next(), name)
  end
  local out, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec { "/bin/cat", "/proc/self/status" }
  end)
  child:wait()
  local blocked, ignored = masks(out:read())
  check.equal(blocked, none, "blocked in a program")
  -- The C library reserves 32 and 33; the signal mask inherited from the harness shows there.
  check.equal(tonumber(ignored, 16) & ~(3 << 31), 0, "ignored in a program")
  assert(masks() ~= none)
end
check.equal((masks()), none, "after <close>")
tiny.try(function()
  local signals <close> = tiny.signals { "SIGTERM" }
  error("x")
end)
check.equal((masks()), none, "after a failing body")

-- An inner handle does not restore what an outer one blocked.
do
  local outer <close> = tiny.signals { "SIGTERM" }
  do local inner <close> = tiny.signals { "SIGTERM", "SIGINT" } end
  send("TERM")
  check.equal(outer:next(), "SIGTERM")
end

-- A signal that arrived and was not consumed takes effect at the end.
local child <close> = tiny.fork(function()
  local signals <close> = tiny.signals { "SIGTERM" }
  send("TERM")
end)
local status, signal = child:wait()
check.equal(signal, "SIGTERM")

for _, name in ipairs { "SIGKILL", "SIGSTOP" } do
  local err = check.fails("EINVAL", tiny.signals, { "SIGTERM", name })
  assert(err.message:find(name .. " cannot be blocked", 1, true), err.message)
end
check.equal((masks()), none, "a refused call changes nothing")
check.fails("EINVAL", tiny.signals, { 0 })
check.refuses([[[1]: "SIGTREM" is not a signal; did you mean "SIGTERM"? (the signals)]], tiny.signals, { "SIGTREM" })
check.refuses([[the list is missing: local signals <close> = tiny.signals { "SIGTERM", "SIGINT" }]], tiny.signals)
