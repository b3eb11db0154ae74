-- The delay before a restart: it doubles each time, is at most a minute, and is reset after a run that lasted.
local check = require "check"
local restart = require "tiny.spec.restart"

-- The clock that the counter uses.
local now, clock = 1000, tiny.clock
function tiny.clock() return now end

local counter = restart.counter(restart.parse("always"))
-- A run of this many seconds that ended with this status: the delay, and the number of the restart.
local function ended(seconds, status)
  counter.started()
  now = now + seconds
  return counter.next(status or 1, false)
end

local delay = 0.1
for i = 1, 15 do
  local wait, count = ended(1)
  check.equal(wait, math.min(delay, 60), "the wait before restart " .. i)
  check.equal(count, i)
  delay = delay * 2
end
check.equal(ended(10), 60, "a run of ten seconds has not lasted")
local wait, count = ended(10.5)
check.equal(wait, 0.1, "the wait after a run that lasted")
check.equal(count, 1)
check.equal(ended(0), 0.2)

-- The number of restarts is reset too.
counter = restart.counter(restart.parse("on-failure:2"))
check.equal(ended(1), 0.1)
check.equal(ended(1), 0.2)
check.equal(ended(1), nil, "it had its two")
check.equal(ended(11), 0.1, "after a run that lasted")
check.equal(ended(1, 0), nil, "no failure")

counter = restart.counter(restart.parse("always"))
check.equal(ended(1, 0), 0.1, "always: after success too")
check.equal(counter.next(1, true), nil, "it is being stopped")
check.equal(restart.counter(restart.parse(nil)).next(1, false), nil, "no policy")
tiny.clock = clock

-- Between the starts of a container: three restarts wait 0.1, 0.2 and 0.4 seconds. `logs -f` continues across all of
-- them.
local began = tiny.clock("monotonic")
check.succeeds("run", "-d", "--name", "four", "--restart", "on-failure:3", "sh", "-c", "echo begun; exit 1")
local followed = select(2, check.succeeds("logs", "-f", "four"):gsub("begun\n", ""))
check.equal(followed, 4, "starts that logs -f has shown")
check.equal(check.succeeds("wait", "four"), "1\n")
local took = tiny.clock("monotonic") - began
assert(took >= 0.7, ("three restarts after %g s"):format(took))
check.equal(check.succeeds("inspect", "--format", "state.restarts", "four"), "3\n")
check.succeeds("rm", "four")

-- A stop ends the delay, and nothing is started any more. On a slow machine the delay may be over before the stop.
local function starts(name) return (select(2, check.succeeds("logs", name):gsub("begun", ""))) end
local function stopped_while_waiting(name)
  check.succeeds("run", "-d", "--name", name, "--restart", "always", "sh", "-c", "echo begun; exit 1")
  local function now() return tiny.json_decode(check.succeeds("inspect", "--format", "state", name)) end
  local state = now()
  while not (state.status == "restarting" and state.restarts >= 5) do
    tiny.poll({}, "20ms")
    state = now()
  end
  check.succeeds("stop", "-t", "0", name)
  check.equal(now().status, "stopped")
  local count = starts(name)
  check.succeeds("rm", name)
  return count == state.restarts
end
assert(stopped_while_waiting("a") or stopped_while_waiting("b") or stopped_while_waiting("c"), "it was started once more")
check.no_container()
