-- pidfd_open: opens a process by pid, only if its start time matches; nil if there is none.
local check = require "check"

local child <close> = tiny.fork(function() tiny.poll({}, "50s") end)
local started = tiny.process_start_time(child.pid)
do
  local held <close> = tiny.pidfd_open(child.pid, { start_time = started })
  check.equal(held.kind, "process")
  check.equal(held.pid, child.pid)
end
tiny.kill(child, 0)
check.equal(tiny.pidfd_open(child.pid, { start_time = started + 1 }), nil, "another process of the same pid")

local held <close> = tiny.pidfd_open(child.pid)
child:reap()
check.equal(#tiny.poll({ held }, 0), 1, "a pidfd tells the end")
check.equal(tiny.pidfd_open(child.pid), nil)
check.equal(tiny.pidfd_open(4194304), nil, "a pid that cannot be")

check.fails("EINVAL", tiny.pidfd_open, 0)
check.fails("EINVAL", tiny.pidfd_open, -1)
check.refuses('pid: expected integer, got the string "1"', tiny.pidfd_open, "1")
check.refuses('unknown option "start"; did you mean "start_time"?', tiny.pidfd_open, 1, { start = 1 })
