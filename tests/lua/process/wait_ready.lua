-- wait_ready, notify_ready: the parent continues when the child executes its program or calls notify_ready.
local check = require "check"

local from, into = tiny.pipe()
local running <close> = tiny.fork(function()
  into:close()
  from:read()
  tiny.exec { "sleep", "50" }
end)
check.equal(running:wait_ready("20ms"), false, "before the program runs")
into:close()
check.equal(running:wait_ready("10s"), true)
check.equal(tiny.read_file(("/proc/%d/comm"):format(running.pid)), "sleep\n", "what runs")
check.equal(running:wait_ready(), true, "asked again")

local told <close> = tiny.fork(function()
  tiny.notify_ready()
  tiny.poll({}, "50s")
end)
check.equal(told:wait_ready("10s"), true)
check.equal(told:wait(0), nil, "it lives on")

-- An error before readiness is thrown here; one after it shows only in the status.
local failing <close> = tiny.fork(function() tiny.exec { "/no/such/program" } end)
check.fails("ENOENT", failing.wait_ready, failing)
check.equal(failing:wait(), 127)
local late <close> = tiny.fork(function()
  tiny.notify_ready()
  tiny.fail("too late")
end)
check.equal(late:wait_ready(), true)
check.equal(late:wait(), 125)

local ended <close> = tiny.fork(function() end)
check.equal(ended:wait_ready(), true, "a child that ended well")
check.refuses("takes at most 0 arguments: notify_ready()", tiny.notify_ready, 1)
check.refuses("child is missing: wait_ready(child [, timeout])", tiny.wait_ready)
