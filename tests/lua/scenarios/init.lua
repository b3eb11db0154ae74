-- run --init: the program is PID 2, and all reported information about the container is correct.
local check = require "check"

local function inside(...)
  return (check.succeeds("run", "--rm", "--init", ...):gsub("\n$", ""))
end

check.equal(inside("sh", "-c", "echo $$"), "2")
check.equal(check.run({ "run", "--rm", "--init", "sh", "-c", "exit 9" }).status, 9)
check.equal(check.run({ "run", "--rm", "--init", "sh", "-c", "kill -9 $$" }).status, 137)
check.equal(check.run({ "run", "--rm", "--init", "-i", "cat" }, "typed").out, "typed")
check.equal(inside("-u", "nobody", "sh", "-c", "cat /proc/1/environ 2>/dev/null; grep ^Uid /proc/1/status"), "Uid:\t65534\t65534\t65534\t65534")
-- A program that cannot be run is reported as without --init.
local missing = check.run { "run", "--rm", "--init", "--host", "no-such-program" }
check.equal(missing.status, 127)
assert(missing.err:match("step exec: exec%(.*ENOENT"), missing.err)
check.equal(check.run({ "run", "--rm", "--init", "/etc/passwd" }).status, 126)
check.no_container()

-- A program without a handler ends on SIGTERM at once: it is not PID 1.
check.succeeds("run", "-d", "--init", "--name", "plain", "sleep", "60")
local start = tiny.clock("monotonic")
local stopped = check.run { "stop", "plain" }
check.equal(stopped.err, "")
assert(tiny.clock("monotonic") - start < 5, "it waited for SIGKILL")
check.equal(check.succeeds("inspect", "--format", "state.exit_code", "plain"), "143\n")
check.equal(check.succeeds("inspect", "--format", "config.init", "plain"), "true\n")
-- A program that does not end on the signal has received it: there is no message that PID 1 has no handler for it. The
-- same with a user's own init that waits in sigwait(3).
local own = [[return require("tiny.container").new {
  name = "own", command = "true",
  before = { exec = function()
    local program = tiny.fork(function() tiny.exec { "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done" } end)
    tiny.notify_ready()
    tiny.become_init(program)
  end },
}]]
tiny.write_file("/tmp/own.lua", own)
-- For processes of an unprivileged user the kernel does not show the blocked call, and some kernels show none at all:
-- then it is unknown for a user's own init.
local ordinary = check.environment and check.environment.HOME == "/tmp/ordinary"
check.succeeds("run", "-d", "--init", "--name", "obstinate", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
check.succeeds("run", "-d", "/tmp/own.lua")
-- A kernel that shows it would show this one.
local sleeper = tiny.fork(function() tiny.poll({}, 100) end)
local function place() return (tiny.try(tiny.read_file, ("/proc/%d/wchan"):format(sleeper.pid))) or "" end
for _ = 1, 200 do
  if place():find("poll", 1, true) then break end
  tiny.poll({}, "10ms")
end
local asleep = not ordinary and place():find("poll", 1, true) ~= nil
tiny.kill(sleeper, "SIGKILL")
sleeper:wait()
while check.succeeds("logs", "obstinate") ~= "ready\n" do tiny.poll({}, "10ms") end
if not asleep then check.succeeds("rm", "-f", "own") end
for _, name in ipairs { "obstinate", asleep and "own" or nil } do
  local told = check.run({ "stop", "-t", "300ms", name }).err
  assert(told:find(name .. ": PID 1 did not end on SIGTERM within less than a second", 1, true), told)
  check.succeeds("rm", name)
end
-- After a restart it has its init again; orphans of exec are reaped too.
check.succeeds("start", "plain")
local left = check.succeeds("exec", "plain", "sh", "-c", "sleep 0.1 >/dev/null 2>&1 & echo $!"):match("%d+")
local deadline = tiny.clock("monotonic") + 60
while check.run({ "exec", "plain", "test", "-e", "/proc/" .. left }).status == 0 do
  assert(tiny.clock("monotonic") < deadline, "nobody reaps what exec left behind")
  tiny.poll({}, "10ms")
end
check.equal(check.succeeds("exec", "plain", "sh", "-c", "cat /proc/1/comm /proc/2/comm"), "init\nsleep\n")
check.succeeds("rm", "-f", "plain")

-- In a recipe; `before` of the program's step runs in the program's process.
tiny.write_file("/tmp/recipe.lua", [[
return require("tiny.container").new {
  command = { "sh", "-c", "cat /mark" }, init = true,
  before = { exec = function() tiny.write_file("/mark", tostring(tiny.getpid())) end },
}]])
check.equal(check.succeeds("run", "--rm", "/tmp/recipe.lua"), "2")
check.no_container()
