-- next_signal: returns pending signals in order, each with its sender; nil if there is none.
local check = require "check"

local signals <close> = tiny.signals { "SIGUSR1", "SIGUSR2" }
check.equal(signals:next(), nil)
local child <close> = tiny.fork(function()
  tiny.exec { "/bin/sh", "-c", "kill -USR2 $PPID; kill -USR1 $PPID; kill -USR1 $PPID" }
end)
check.equal(child:wait(), 0)
local name, sender = signals:next()
check.equal(name, "SIGUSR1")
check.equal(sender, child.pid)
check.equal(signals:next(), "SIGUSR2")
check.equal(signals:next(), nil, "the same signal twice is one")
signals:close()
check.refuses("the signals handle is closed", tiny.next_signal, signals)
check.refuses("signals: expected a signals handle, got a child handle", tiny.next_signal, child)
