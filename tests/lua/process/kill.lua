-- kill: signals the process of the handle, never a later process with the same pid.
local check = require "check"

local child <close> = tiny.fork(function() tiny.poll({}, "50s") end)
tiny.kill(child, 0)
tiny.kill(child, "SIGSTOP")
tiny.kill(child, "cont")
tiny.kill(child)
check.equal(select(2, child:wait()), "SIGTERM", "the default")
local err = check.fails("ESRCH", tiny.kill, child, 0)
check.equal(err.hint, "the process has ended")

local other <close> = tiny.fork(function() tiny.poll({}, "50s") end)
local by_pid <close> = tiny.pidfd_open(other.pid)
tiny.kill(by_pid, "SIGRTMIN+1")
check.equal(select(2, other:wait()), "SIG35")

-- A handle of another type is not a process.
local net <close> = tiny.netns()
local _, wrong = tiny.try(tiny.kill, net)
assert(wrong and wrong.usage and wrong.message:find("got a netns handle", 1, true), tostring(wrong))

-- A group: processes started by the leader are killed with it, until it has been waited for.
local from, into = tiny.pipe()
local leader <close> = tiny.fork(function()
  tiny.setsid()
  tiny.fork(function() tiny.poll({}, "50s") end):keep()
  into:write("x")
end)
into:close()
check.equal(from:read(), "x")
tiny.kill(leader, "SIGKILL", { group = true })
check.equal(from:read(), nil, "both ends of the pipe are gone")
leader:wait()
check.fails("ESRCH", tiny.kill, leader, "SIGKILL", { group = true })
local follower <close> = tiny.fork(function() tiny.poll({}, "50s") end)
check.fails("ESRCH", tiny.kill, follower, "SIGKILL", { group = true })
local first <close> = tiny.pidfd_open(1)
check.equal(check.fails("EINVAL", tiny.kill, first, 0, { group = true }).message:match("that would reach every process"), "that would reach every process")

check.inside({}, function()
  tiny.setuser(65534)
  local init <close> = tiny.pidfd_open(1)
  check.fails("EPERM", tiny.kill, init, 0)
end)

check.refuses('signal: "SIGTREM" is not a signal; did you mean "SIGTERM"?', tiny.kill, child, "SIGTREM")
check.refuses("signal: expected signal (\"SIGTERM\" or 15), got 65", tiny.kill, child, 65)
check.refuses("process: expected child handle or process handle, got 1", tiny.kill, 1)
