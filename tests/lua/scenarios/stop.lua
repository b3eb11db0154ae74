-- stop: a container whose PID 1 has no handler for SIGTERM is killed at once, and the reason is reported.
local check = require "check"

-- What a process waits for is shown by most kernels: without that, an init in sigwait(3) looks the same.
local sleeper = tiny.fork(function() tiny.poll({}, 100) end)
local function place() return (tiny.try(tiny.read_file, ("/proc/%d/wchan"):format(sleeper.pid))) or "" end
for _ = 1, 50 do
  if place():find("poll", 1, true) then break end
  tiny.poll({}, "10ms")
end
local shows = not check.environment and place():find("poll", 1, true) ~= nil
tiny.kill(sleeper, "SIGKILL")
sleeper:wait()

check.succeeds("run", "-d", "--name", "deaf", "sleep", "60")
local start = tiny.clock("monotonic")
local stopped = check.run { "stop", "-t", shows and "30s" or "300ms", "deaf" }
local took = tiny.clock("monotonic") - start
check.equal(stopped.status, 0)
check.equal(stopped.out, "deaf\n")
assert(stopped.err:match("deaf: PID 1 has no handler for SIGTERM, so the kernel discarded it"), stopped.err)
if shows then
  assert(took < 15, "it waited for a signal that the kernel discarded")
  assert(stopped.err:find("killed with SIGKILL at once", 1, true), stopped.err)
end
local shown = tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))[1]
check.equal(shown.status, "stopped")
check.equal(shown.exit_code, 137)

check.succeeds("run", "-d", "--name", "stubborn", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")
while check.succeeds("logs", "stubborn") ~= "ready\n" do tiny.poll({}, "10ms") end
stopped = check.run { "stop", "-t", "300ms", "stubborn" }
check.equal(stopped.err, "tinylua: stubborn: PID 1 ignores SIGTERM; killed with SIGKILL after less than a second\n")
check.succeeds("rm", "stubborn")
-- A requested kill needs no reason.
for _, words in ipairs { { "rm", "-f", "quiet" }, { "stop", "-t", "0", "quiet" } } do
  check.succeeds("run", "-d", "--name", "quiet", "sleep", "60")
  local said = check.run(words).err
  if words[1] == "rm" then check.equal(said, "") else assert(said:find("killed with SIGKILL", 1, true), said) end
end
check.succeeds("rm", "quiet")

-- kill sends the requested signal, by default SIGKILL.
check.succeeds("run", "-d", "--name", "hears", "sh", "-c", "trap 'exit 7' USR1; trap 'exit 8' TERM; echo ready; while :; do sleep 0.05; done")
for words, status in pairs { ["-s USR1"] = 7, ["--signal SIGTERM"] = 8, [""] = 137 } do
  while not check.succeeds("logs", "hears"):match("ready\n$") do tiny.poll({}, "10ms") end
  local arguments = { "kill" }
  for word in words:gmatch("%S+") do table.insert(arguments, word) end
  table.insert(arguments, "hears")
  check.succeeds(table.unpack(arguments))
  check.equal(check.succeeds("wait", "hears"), status .. "\n", words)
  check.succeeds("rm", "hears")
  check.succeeds("run", "-d", "--name", "hears", "sh", "-c", "trap 'exit 7' USR1; trap 'exit 8' TERM; echo ready; while :; do sleep 0.05; done")
end
check.succeeds("rm", "-f", "hears")

-- In the foreground: the first Ctrl-C with a PID 1 without a handler prints a message, the second ends it.
do
  local into = tiny.open("/tmp/said", { write = true, create = true })
  local front <close> = check.start(function()
    tiny.dup2(into, 2)
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "run", "--name", "front", "sleep", "60" }
  end)
  while tiny.try(check.succeeds, "inspect", "--format", "state.status", "front") ~= "running\n" do
    check.equal(#tiny.poll({ front }, "10ms"), 0, "the command goes on: " .. tiny.read_file("/tmp/said"))
  end
  tiny.kill(front, "SIGINT")
  while tiny.read_file("/tmp/said") == "" do check.equal(#tiny.poll({ front }, "10ms"), 0, "it goes on") end
  check.equal(tiny.read_file("/tmp/said"), "tinylua: the container's PID 1 has no handler for SIGINT, so the kernel discards it; send it again to kill the container\n")
  tiny.kill(front, "SIGINT")
  check.equal(front:wait(), 137)
  check.succeeds("rm", "front")
end

check.equal(check.run({ "stop", "../x" }).err, 'tinylua: "../x" is not a valid container name or id\n  hint: `tinylua ps -a` lists them\n')
check.equal(check.run({ "stop", "ffff" }).err, 'tinylua: no such container: "ffff"\n  hint: `tinylua ps -a` lists them\n')
check.equal(check.run({ "stop", "-t", "soon", "deaf" }).status, 2)

-- Several at once take as long as one; with a missing name, the others are stopped.
for i = 1, 3 do check.succeeds("run", "-d", "--name", "many-" .. i, "sleep", "60") end
check.equal(check.run({ "stop", "-t", "0", "many-1", "none" }).status, 1)
check.equal(check.succeeds("inspect", "--format", "state.status", "many-1"), "stopped\n")
check.succeeds("start", "many-1")
local names = check.succeeds("stop", "-t", "3s", "many-1", "many-2", "many-3")
-- One after the other, the first and the last would end two timeouts apart.
local first, last = math.huge, 0
for i = 1, 3 do
  assert(names:find("many-" .. i .. "\n", 1, true), names)
  local id = check.succeeds("inspect", "--format", "id", "many-" .. i):match("%x+")
  local ended = tiny.stat(("%s/containers/%s/state.json"):format(check.root, id)).mtime
  first, last = math.min(first, ended), math.max(last, ended)
end
assert(last - first < 5, "one after the other")
check.succeeds("rm", "many-1", "many-2", "many-3")

-- A command that is killed while it stops a container: the restart policy applies to an exit long after that, not to
-- the one that was requested.
local function state_of() return tiny.json_decode(check.succeeds("inspect", "obstinate"))[1].state end
local function stopper(seconds)
  local child = check.start(function()
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "stop", "-t", seconds, "obstinate" }
  end)
  -- Until it is ready itself: the marker of the last run still exists.
  while (state_of().stopping or {}).pid ~= child.pid do tiny.poll({ child }, "10ms") end
  tiny.kill(child, "SIGKILL")
  child:wait()
end
check.succeeds("run", "-d", "--name", "obstinate", "--restart", "always", "sh", "-c",
  "trap '' TERM; if [ -e /tmp/go ]; then rm /tmp/go; fi; while [ ! -e /tmp/go ]; do sleep 0.02; done")
-- Not from a process in the container, which would end with it.
tiny.write_file("mark", "")
local function go() check.succeeds("cp", "mark", "obstinate:/tmp/go") end
stopper("2s")
tiny.poll({}, 4.5)
go()
while not (state_of().restarts == 1 and state_of().status == "running") do tiny.poll({}, "10ms") end
-- The new program truncates the marker: anything written before would be lost.
while check.run({ "exec", "obstinate", "test", "-e", "/tmp/go" }).status == 0 do tiny.poll({}, "10ms") end
stopper("60s")
go()
check.succeeds("wait", "obstinate")
check.equal(state_of().status, "stopped")
check.succeeds("rm", "obstinate")
