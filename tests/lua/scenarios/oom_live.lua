-- Memory: an OOM kill is reported while the container runs, in events and to the recipe; so is memory pressure.
local check = require "check"

local cgroup = tiny.probe().cgroup
if not cgroup.controllers.memory then check.skip("this host has no memory controller") end

-- A FIFO in the recipe's callback notifies the test.
tiny.mknod("/tmp/told", "fifo")
local told <close> = tiny.open("/tmp/told", { read = true, write = true, nonblock = true })
local function next_word(seconds)
  if #tiny.poll({ told }, seconds) == 0 then error("nothing was told") end
  return told:read()
end

tiny.write_file("/tmp/oom.lua", [[
local function say(...) local f = io.open("/tmp/told", "w") f:write(...) f:close() end
return require("tiny.container").new {
  name = "hungry", memory = "24m",
  command = "trap 'exit 5' TERM; while :; do sh -c 'a=x; while :; do a=$a$a; done'; while [ ! -e /tmp/again ]; do sleep 0.05; done; rm /tmp/again; done",
  on_oom = function(ctx, kills) say("oom ", kills) end,
}]])
check.succeeds("run", "-d", "/tmp/oom.lua")
check.equal(next_word(10), "oom 1")
check.equal(tiny.json_decode(check.succeeds("ps", "--format", "json"))[1].status, "running", "it lives on")
assert(check.succeeds("events", "--no-stream", "--filter", "event=oom"):match("kills=1"))
check.equal(#tiny.poll({ told }, "300ms"), 0, "told once")

-- A kill that happened without a supervisor is reported by the next one.
local function supervisor()
  local s = tiny.json_decode(check.succeeds("inspect", "hungry"))[1].state.supervisor
  return tiny.pidfd_open(s.pid, { start_time = s.start })
end
local process = supervisor()
tiny.kill(process, "SIGKILL")
tiny.poll { process }
local _, id = next(tiny.list_dir(check.root .. "/containers"))
local pid = tiny.json_decode(tiny.read_file(check.root .. "/containers/" .. id .. "/state.json")).pid
tiny.write_file(("/proc/%d/root/tmp/again"):format(pid), "")
local deadline = tiny.clock("monotonic") + 60
while tiny.cgroup_stats(check.cgroup_of(id)).oom_kills < 2 do
  assert(tiny.clock("monotonic") < deadline, "no second kill")
  tiny.poll({}, "20ms")
end
check.succeeds("ps")
check.equal(next_word(10), "oom 2")
check.succeeds("stop", "hungry")
check.succeeds("rm", "hungry")

-- A kill of PID 1 is reported at the end, with the status.
tiny.write_file("/tmp/own.lua", [[
return require("tiny.container").new {
  memory = "24m", command = "a=x; while :; do a=$a$a; done",
  on_oom = function(ctx, kills) print("oom " .. kills) end,
  on_exit = function(ctx, status, signal) print("exit " .. status .. " " .. signal) end,
}]])
local own = check.run { "run", "--rm", "/tmp/own.lua" }
check.equal(own.out, "oom 1\nexit 137 SIGKILL\n")
check.equal(own.status, 137)

-- A limit that `update` adds to a running container: from then on kills are reported, once each; a later run has the
-- limit too.
tiny.write_file("/tmp/later.lua", [[
local function say(...) local f = io.open("/tmp/told", "w") f:write(...) f:close() end
return require("tiny.container").new {
  name = "later", interactive = true, restart = "on-failure:1",
  command = "while read x; do [ $x = end ] && exit 1; sh -c 'a=x; while :; do a=$a$a; done'; done",
  on_start = function(ctx) say("start") end,
  on_oom = function(ctx, kills) say("oom ", kills) end,
}]])
check.succeeds("run", "-d", "/tmp/later.lua")
check.equal(next_word(10), "start")
local later = tiny.read_file(check.root .. "/names/later")
local function tell(word)
  local stdin <close> = tiny.open(check.root .. "/run/" .. later .. "/stdin", { write = true })
  stdin:write(word .. "\n")
end
-- Neither of these is a memory limit.
check.succeeds("rename", "later", "last")
check.succeeds("update", "--pids-limit", "64", "last")
check.succeeds("update", "-m", "24m", "last")
tell "grow"
check.equal(next_word(10), "oom 1")
tell "grow"
check.equal(next_word(10), "oom 2")
local _, told_oom = check.succeeds("events", "--no-stream", "--filter", "event=oom", "--filter", "container=" .. later):gsub("kills=", "")
check.equal(told_oom, 2, "events")
tell "end"
check.equal(next_word(10), "start")
check.equal(tiny.cgroup_stats(check.cgroup_of(later)).memory_limit, 24 * 1024 * 1024, "the next run's limit")
check.equal(tiny.cgroup_stats(check.cgroup_of(later)).pids_limit, 64, "the next run's limit of processes")
tell "grow"
check.equal(next_word(10), "oom 1")
check.succeeds("rm", "-f", "last")

-- Invalid input.
local function refused(keys, message)
  tiny.write_file("/tmp/p.lua", ('return require("tiny.container").new { command = "true", %s }'):format(keys))
  local result = check.run { "run", "--rm", "/tmp/p.lua" }
  assert(result.err:find(message, 1, true), result.err)
  check.equal(result.status, 125)
end
refused('pressure = "1s"', "pressure: on_pressure is missing\n  hint: set on_pressure = function(ctx) … end in the recipe")
refused('on_pressure = true', "on_pressure: expected a function, got true")
local measured = cgroup.pressure and cgroup.mode ~= "v1" or cgroup.controllers.memory == "v1"
if not measured then
  refused("on_pressure = function() end", "on_pressure: this kernel does not measure memory pressure")
  return
end
refused('on_pressure = function() end, pressure = "3s"', "pressure: 3 seconds is not between 1ms and 2s")

-- Pressure: a process that requests more than the limit waits while the kernel reclaims memory.
tiny.write_file("/tmp/p.lua", [[
local function say(...) local f = io.open("/tmp/told", "w") f:write(...) f:close() end
return require("tiny.container").new {
  name = "tight", memory = "16m", pressure = "1ms",
  command = "while :; do sh -c 'a=x; while :; do a=$a$a; done'; done",
  on_pressure = function(ctx, found) say("pressure ", found.some_total or found.level) end,
}]])
check.succeeds("run", "-d", "/tmp/p.lua")
local word = next_word(15)
assert(word:match("^pressure %d+") or word:match("^pressure medium"), word)
check.succeeds("rm", "-f", "tight")
check.no_container()
