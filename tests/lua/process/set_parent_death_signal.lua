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

check.inside({}, function() tiny.set_parent_death_signal(0) end)
check.refuses('signal: "SIGKILLL" is not a signal; did you mean "SIGKILL"?', tiny.set_parent_death_signal, "SIGKILLL")
