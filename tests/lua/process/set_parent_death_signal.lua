-- set_parent_death_signal: the child is killed when its parent ends.
local check = require "check"

local from, into = tiny.pipe()
local parent <close> = tiny.fork(function()
  tiny.fork(function()
    tiny.set_parent_death_signal("SIGKILL")
    into:write("ready")
    tiny.poll({}, "50s")
  end)
  into:close()
  tiny.poll({}, "50s")
end)
into:close()
check.equal(from:read(), "ready")
parent:reap()
check.equal(#tiny.poll({ from }, "10s"), 1, "the grandchild's end closes the pipe")
check.equal(from:read(), nil)

-- A child whose parent has ended before the call is told.
local told, tell = tiny.pipe()
local gone, alive = tiny.pipe()
local short <close> = tiny.fork(function()
  tiny.fork(function()
    alive:close()
    gone:read() -- until the test has seen the end of the parent, whose files close earlier
    local _, err = tiny.try(tiny.set_parent_death_signal, "SIGKILL")
    tell:write(err and err.code or "nothing")
  end):keep()
  tell:close()
end)
tell:close()
check.equal(short:wait(), 0)
alive:close()
check.equal(told:read(), "ESRCH", "the parent has ended")

check.inside({}, function() tiny.set_parent_death_signal(0) end)
check.refuses('signal: "SIGKILLL" is not a signal; did you mean "SIGKILL"?', tiny.set_parent_death_signal, "SIGKILLL")
