-- reap: kills and reaps a child in any state; `<close>` does so too, also if the body fails.
local check = require "check"

local function gone(pid) return tiny.stat("/proc/" .. pid) == nil end
local function sleeper() return tiny.fork(function() tiny.poll({}, "50s") end) end

local child = sleeper()
tiny.reap(child)
assert(gone(child.pid), "killed and reaped")
tiny.reap(child)

local pid
local _, err = tiny.try(function()
  local held <close> = sleeper()
  pid = held.pid
  tiny.fail("the body failed")
end)
check.equal(err.message, "the body failed")
assert(gone(pid), "reaped by <close>")

-- A child that catches SIGTERM is killed too, and a zombie is reaped.
local stubborn = tiny.fork(function() tiny.exec { "sh", "-c", "trap '' TERM; while :; do sleep 1; done" } end)
stubborn:wait_ready()
stubborn:reap()
assert(gone(stubborn.pid))
local zombie = tiny.fork(function() end)
local ended <close> = tiny.pidfd_open(zombie.pid)
tiny.poll({ zombie }, "10s")
zombie:close()
assert(gone(zombie.pid))

-- A kept child keeps running.
local kept = sleeper()
do local _ <close> = kept:keep() end
assert(not gone(kept.pid))
kept:kill("KILL")
check.equal(kept:wait(), 137)

check.refuses("child: expected a child handle, got a process handle", tiny.reap, ended)
check.refuses("child: expected child handle, got 1", tiny.reap, 1)
