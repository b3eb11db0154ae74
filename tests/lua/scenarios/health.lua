-- Health checks: they run in the container, on time and with a time limit; ps, inspect, events and the recipe report
-- them; they continue after a restart and a recovery, and leave nothing behind.
local check = require "check"

local function inspect(name)
  return tiny.json_decode(check.succeeds("inspect", name))[1]
end

-- Waits until f() is true, woken by changes to the record.
local function wait_until(name, f, what)
  local watch <close> = tiny.watch { inspect(name).dir }
  local deadline = tiny.clock("monotonic") + 60
  while true do
    watch:changes()
    local now = inspect(name)
    if f(now) then return now end
    local left = deadline - tiny.clock("monotonic")
    if left <= 0 then error(("%s: not %s: %s"):format(name, what, tiny.json_encode(now.health or {}))) end
    tiny.poll({ watch }, left)
  end
end
local function becomes(name, status)
  return wait_until(name, function(now) return now.state.health == status end, status)
end

-- The processes of a container besides its PID 1 and its main program.
local function processes(name, pattern)
  local count = 0
  for line in check.succeeds("top", name):gmatch("[^\n]+") do count = count + (line:find(pattern, 1, true) and 1 or 0) end
  return count
end

local QUICK = { "--health-interval", "150ms", "--health-retries", "2" }
local function run(name, command, ...)
  local words = table.move(QUICK, 1, #QUICK, 1, {})
  table.move({ ... }, 1, select("#", ...), #words + 1, words)
  check.succeeds("run", "-d", "--name", name, "--health-cmd", command, table.unpack(words))
end

check.succeeds("run", "-d", "--name", "early", "--health-interval", "60s", "--health-cmd", "true", "sleep", "60")
assert(check.succeeds("ps"):match("Up [^\n]* %(health: starting%)"), "ps before the first check")
check.succeeds("rm", "-f", "early")

-- From starting to healthy, unhealthy and back: the checks run inside, as the container's user.
check.succeeds("run", "-d", "--name", "web", "--hostname", "inside", "-e", "WORD=fine", "--health-interval", "1s", "--health-retries", "2",
  "--health-cmd", "echo $WORD $(hostname); test ! -e /tmp/ill", "sleep", "60")
local now = becomes("web", "healthy")
check.equal(now.health.log[1].output, "fine inside\n")
check.equal(now.health.log[1].exit_code, 0)
assert(tiny.parse_timestamp(now.health.log[1].started_at) <= tiny.parse_timestamp(now.health.log[1].finished_at))
assert(check.succeeds("ps"):match("Up [^\n]* %(healthy%)"), "ps")
check.equal(tiny.json_decode(check.succeeds("ps", "--filter", "health=healthy", "--format", "json"))[1].health, "healthy")
check.equal(check.succeeds("ps", "-q", "--filter", "health=unhealthy"), "")
check.succeeds("exec", "web", "touch", "/tmp/ill")
now = becomes("web", "unhealthy")
check.equal(now.health.failing_streak, 2, "as many as were asked for")
check.equal(now.health.log[#now.health.log].exit_code, 1)
assert(check.succeeds("ps"):match("%(unhealthy%)"))
check.succeeds("exec", "web", "rm", "/tmp/ill")
becomes("web", "healthy")
now = wait_until("web", function(c) return #c.health.log == 5 end, "checked five times")

-- A paused container is not checked, and its status stays the same.
check.succeeds("pause", "web")
tiny.poll({}, "200ms")
local paused = inspect("web").health.log[5].finished_at
tiny.poll({}, "800ms")
check.equal(inspect("web").health.log[5].finished_at, paused)
check.succeeds("unpause", "web")
wait_until("web", function(c) return c.health.log[5].finished_at > paused end, "checked after the pause")

-- A supervisor that is killed: the next one continues.
local function kill_supervisor(name)
  local s = inspect(name).state.supervisor
  local process <close> = tiny.pidfd_open(s.pid, { start_time = s.start })
  tiny.kill(process, "SIGKILL")
  tiny.poll { process }
end
kill_supervisor("web")
check.succeeds("ps")
check.succeeds("exec", "web", "touch", "/tmp/ill")
becomes("web", "unhealthy")
check.succeeds("exec", "web", "rm", "/tmp/ill")
check.succeeds("restart", "-t", "0", "web")
becomes("web", "healthy")
check.succeeds("rm", "-f", "web")

-- A check that takes too long is killed with all its processes, and counts as a failure.
run("slow", "sleep 77 & sleep 77", "--health-timeout", "300ms", "sleep", "60")
now = wait_until("slow", function(c) return c.health and #c.health.log > 0 end, "checked")
check.equal(now.health.log[1].error, "it did not end within 0.3 seconds")
check.equal(now.health.log[1].exit_code, nil)
becomes("slow", "unhealthy")
check.succeeds("rm", "-f", "slow")

-- Its supervisor is killed during a check: the check ends too.
run("orphan", "exec sleep 78", "sleep", "60")
local deadline = tiny.clock("monotonic") + 60
while processes("orphan", "sleep 78") == 0 do
  assert(tiny.clock("monotonic") < deadline, "no check runs")
  tiny.poll({}, "20ms")
end
local path = inspect("orphan").state
local before = tiny.pidfd_open(path.supervisor.pid, { start_time = path.supervisor.start })
local checking
for _, pid in ipairs(tiny.list_dir("/proc")) do
  if pid:match("^%d+$") and (tiny.read_file("/proc/" .. pid .. "/cmdline") or ""):gsub("%z", " ") == "sleep 78 " then
    checking = tiny.pidfd_open(math.tointeger(tonumber(pid)))
  end
end
tiny.kill(before, "SIGKILL")
check.equal(#tiny.poll({ checking }, "5s"), 1, "the check ended with its supervisor")
check.succeeds("rm", "-f", "orphan")

-- Long output is truncated and never blocks; bytes that are not text are escaped.
run("loud", "yes | head -c 3000000; printf '\\377'", "sleep", "60")
now = becomes("loud", "healthy")
check.equal(#now.health.log[1].output, 4096)
check.succeeds("rm", "-f", "loud")
run("odd", "printf 'a\\377'", "sleep", "60")
check.equal(becomes("odd", "healthy").health.log[1].output, '"a\u{fffd}"')
check.succeeds("rm", "-f", "odd")

-- A recipe's health check; a missing program is a failure; failures in the start period do not count.
tiny.write_file("/tmp/h.lua", [[
return require("tiny.container").new {
  name = "own", command = { "sleep", "60" },
  health = { command = { "no-such-program" }, interval = "150ms", retries = 1, start_period = "600ms" },
  on_health = function(ctx, status, result)
    local f = io.open("/tmp/told", "a") f:write(status, " ", result.exit_code or "none", "\n") f:close()
    error("a callback that throws")
  end,
}]])
local began = tiny.clock()
check.succeeds("run", "-d", "/tmp/h.lua")
now = becomes("own", "unhealthy")
assert(tiny.clock() - began >= 0.6, "not within the start period")
assert(now.health.log[1].error:match("no%-such%-program"), now.health.log[1].error)
check.equal(tiny.read_file("/tmp/told"), "unhealthy none\n")
assert(check.succeeds("events", "--no-stream", "--filter", "container=own", "--filter", "event=health_status"):match("health=unhealthy"))
check.succeeds("stop", "-t", "0", "own")
check.equal(inspect("own").state.health, "unhealthy", "the last word stays on record")
check.succeeds("rm", "own")

-- Invalid input, before anything is created.
local function refused(message, ...)
  local result = check.run { "run", "--rm", ... }
  check.equal(result.err:match("^[^\n]*"), "tinylua: " .. message)
  check.equal(result.status, 125)
end
refused("health: the command is missing", "--health-interval", "1s", "true")
refused("health: the command is missing", "--health-cmd", "", "true")
refused("health: interval: 0.01 seconds are too short", "--health-cmd", "true", "--health-interval", "10ms", "true")
refused("health: retries: 0", "--health-cmd", "true", "--health-retries", "0", "true")
check.equal(check.run({ "run", "--health-cmd", "true", "--health-timeout", "soon", "true" }).status, 2)
tiny.write_file("/tmp/h.lua", 'return require("tiny.container").new { command = "true", health = { cmd = "true" } }')
local wrong = check.run { "run", "/tmp/h.lua" }
assert(wrong.err:find('health: unknown key "cmd"', 1, true), wrong.err)
check.no_container()
