-- unblock_signals: restores the default effect of a signal; a pending one takes effect immediately.
local check = require "check"

local function ends_by(f)
  local child <close> = tiny.fork(f)
  return select(2, child:wait())
end
local function send(signal) 
  local child <close> = tiny.fork(function() tiny.exec { "/bin/sh", "-c", "kill -" .. signal .. " $PPID" } end)
  child:wait()
end
check.equal(ends_by(function()
  tiny.signals { "SIGTERM", "SIGUSR1" }:keep()
  send("TERM")
end), nil)
check.equal(ends_by(function()
  tiny.signals { "SIGTERM", "SIGUSR1" }:keep()
  send("USR1")
  tiny.unblock_signals { "SIGTERM" }
  send("TERM")
end), "SIGTERM")
check.equal(ends_by(function()
  tiny.signals { "SIGTERM", "SIGUSR1" }:keep()
  send("USR1")
  tiny.unblock_signals { "SIGTERM", "SIGUSR1" }
end), "SIGUSR1")
check.fails("EINVAL", tiny.unblock_signals, { 0 })
check.refuses([[[1]: expected signal ("SIGTERM" or 15), got 65 (the signals)]], tiny.unblock_signals, { 65 })
