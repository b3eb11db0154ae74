-- box, part 7: limits. A cgroup measures what a container uses, and enforces limits.
local engine = require "06-stop"

engine.options["--memory"] = { key = "memory" }
engine.options["--pids"] = { key = "pids" }
engine.options["--cpus"] = { key = "cpus" }

-- The steps on the host before the child is created. A scope undoes them in reverse order, however the container ends.
engine.outside = { "cgroup" }

local supervise = engine.supervise
function engine.supervise(c)
  local scope <close> = require("tiny.scope").new()
  c.scope = scope
  for _, name in ipairs(engine.outside) do engine.step[name](c) end
  return supervise(c)
end

function engine.step.cgroup(c)
  c.group = c.scope:add(tiny.cgroup("box/" .. c.id, { controllers = { "memory", "pids" } }))
  if c.memory then tiny.set_memory_limit(c.group, c.memory) end
  if c.pids then tiny.set_pids_limit(c.group, math.tointeger(c.pids) or 0) end
  if c.cpus then tiny.set_cpu_limit(c.group, tonumber(c.cpus) or 0) end
end

-- The child is created inside the cgroup: it never runs without the limits.
local namespaces = engine.namespaces
function engine.namespaces(c)
  local all = namespaces(c)
  all.cgroup, all.cgroupns = c.group, true
  return all
end

-- SIGKILL alone does not show who sent it. The OOM counter of the cgroup does.
local attend = engine.attend
function engine.attend(c, child)
  local code = attend(c, child)
  local use = tiny.cgroup_stats(c.group)
  engine.record(c, { memory_peak = use.memory_peak, oom_kills = use.oom_kills })
  if (use.oom_kills or 0) > 0 then io.stderr:write(("box: %s ran out of memory\n"):format(c.name)) end
  return code
end

function engine.commands.stats(words)
  local c = engine.find(words[1])
  local use = tiny.cgroup_stats(tiny.open_cgroup("box/" .. c.id))
  print(("%s: %.1f MiB, %d processes"):format(c.name, use.memory / 2 ^ 20, use.pids))
end

if type(...) == "table" then return engine.main(...) end
return engine
