-- --timeout: the stop signal, SIGKILL after the grace period, status 124; recorded, and kept by the next supervisor.
local check = require "check"

local function record(name)
  return tiny.json_decode(check.succeeds("inspect", name))[1].state
end

local function took(f)
  local began = tiny.clock("monotonic")
  f()
  return tiny.clock("monotonic") - began
end

-- A time limit that leaves this machine enough time to start a container and act on it.
local start = took(function() check.succeeds("run", "--rm", "true") end)
local function times(n) return ("%dms"):format(math.max(0.25, start) * n * 1000 // 1) end

-- A PID 1 without a handler is not waited for.
local seconds = took(function()
  local ended = check.run { "run", "--name", "deaf", "--timeout", "500ms", "sleep", "60" }
  check.equal(ended.status, 124)
  check.equal(ended.err, "tinylua: deaf was ended: its time of 0.5 s was over\n")
end)
assert(seconds >= 0.5 and seconds < 9 + 4 * start, "it took " .. seconds)
local s = record "deaf"
check.equal(s.exit_code, 124)
check.equal(s.exceeded, "timeout")
check.equal(s.deadline, nil)
assert(check.succeeds("ps", "-a"):find("Exited (124) timed out", 1, true), "ps")
check.equal(tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))[1].exceeded, "timeout")
assert(check.succeeds("events", "--no-stream", "--since", "1h", "--filter", "event=timeout"):find("limit=timeout", 1, true), "the event")

-- The signal comes first, and whatever the program does with it, the run was ended.
local hears = check.run { "run", "--rm", "--timeout", times(2), "sh", "-c", "trap 'echo heard; exit 0' TERM; while :; do sleep 0.05; done" }
check.equal(hears.out, "heard\n")
check.equal(hears.status, 124)
local other = check.run { "run", "--rm", "--timeout", times(2), "--stop-signal", "USR1", "sh", "-c", "trap 'echo heard; exit 0' USR1; while :; do sleep 0.05; done" }
check.equal(other.out, "heard\n")
-- SIGKILL follows after the grace period, not before.
seconds = took(function()
  local stubborn = check.run { "run", "--rm", "--timeout", times(2), "--stop-timeout", "700ms", "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done" }
  check.equal(stubborn.status, 124)
end)
assert(seconds >= 0.7 + 2 * math.max(0.25, start) and seconds < 8 + 8 * start, "it took " .. seconds)

-- What ends earlier is not ended; `start` begins anew.
check.equal(check.run({ "run", "--name", "quick", "--timeout", "30s", "sh", "-c", "exit 3" }).status, 3)
check.equal(record("quick").exceeded, nil)
check.succeeds("start", "deaf")
check.equal(check.succeeds("wait", "deaf"), "124\n")

-- A restart policy counts it as a failure, and each run has the whole time.
check.succeeds("run", "-d", "--name", "again", "--restart", "on-failure:2", "--timeout", "400ms", "sleep", "60")
check.equal(check.succeeds("wait", "again"), "124\n")
check.equal(record("again").restarts, 2)
check.equal(select(2, check.succeeds("events", "--no-stream", "--since", "1h", "--filter", "event=timeout", "--filter", "container=again"):gsub("\n", "")), 3)

-- exec has no part in it.
check.succeeds("run", "-d", "--name", "inner", "--timeout", "1h", "sleep", "600")
check.equal(check.run({ "exec", "inner", "sh", "-c", "exit 5" }).status, 5)
check.equal(record("inner").status, "running")
check.succeeds("rm", "-f", "inner")

-- The time runs on while the container is paused.
if check.run({ "run", "-d", "--name", "frozen", "--timeout", times(8), "sleep", "60" }).status == 0 and check.run({ "pause", "frozen" }).status == 0 then -- without a cgroup, nothing can be paused
  check.equal(check.succeeds("wait", "frozen"), "124\n")
end
check.succeeds("rm", "-f", "frozen")

-- The next supervisor keeps the deadline of one that was killed, also when it has passed.
local function orphaned(name, ...)
  check.succeeds("run", "-d", "--name", name, ...)
  local now = record(name)
  local process <close> = tiny.pidfd_open(now.supervisor.pid, { start_time = now.supervisor.start })
  check.kill(process)
  return now
end
orphaned("later", "--timeout", times(8), "sleep", "60")
seconds = took(function() check.equal(check.succeeds("wait", "later"):match("%S+"), "124") end)
assert(seconds < 40, "it took " .. seconds)
check.equal(record("later").exceeded, "timeout")
local deadline = orphaned("passed", "--timeout", times(6), "sleep", "60").deadline
tiny.poll({}, math.max(deadline - tiny.clock("monotonic"), 0))
check.equal(check.succeeds("wait", "passed"), "124\n")

-- A container of a recipe.
tiny.write_file("/tmp/timed.lua", 'return require("tiny.container").new { command = { "sleep", "60" }, timeout = "300ms" }')
check.equal(check.run({ "run", "--rm", "/tmp/timed.lua" }).status, 124)

check.refused("timeout: 0 seconds are too short\n  hint: the minimum is 1ms; omit it for no limit", "run", "--timeout", "0", "true")
check.refused("timeout: inf seconds are too long\n  hint: omit it for no limit", "run", "--timeout", "99999999999d", "true")
check.equal(check.run({ "run", "--timeout=-1s", "true" }).status, 2)
check.equal(check.run({ "run", "--timeout", "soon", "true" }).status, 2)
tiny.write_file("/tmp/bad.lua", 'return require("tiny.container").new { command = { "true" }, timeout = "soon" }')
assert(check.run({ "run", "/tmp/bad.lua" }).err:find('timeout: expected a duration such as "30s", got "soon"', 1, true))
