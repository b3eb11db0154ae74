-- Resource limits: what a spec asks for, checked, and put into a cgroup of the container's own.
local limits = {}

local FLOOR = 512 * 1024

-- The controllers that a spec needs.
local function controllers(spec)
  local needed = {}
  if spec.memory or spec.swap then table.insert(needed, "memory") end
  if spec.cpus then table.insert(needed, "cpu") end
  if spec.pids then table.insert(needed, "pids") end
  return needed
end

function limits.check(spec)
  for _, key in ipairs { "memory", "swap" } do
    if spec[key] then spec[key] = tiny.parse_size(spec[key]) end
  end
  if spec.memory and spec.memory < FLOOR then
    tiny.fail { message = ("memory: %d bytes are too few for any program"):format(spec.memory), hint = "the least is 512k", exit = 125 }
  end
  if spec.cpus and (spec.cpus <= 0 or spec.cpus < 0.01) then
    tiny.fail { message = ("cpus: %s is too little"):format(spec.cpus), hint = "the least is 0.01 of a CPU", exit = 125 }
  end
  if spec.pids and spec.pids < 1 then
    tiny.fail { message = ("pids: %d leaves no room for the program itself"):format(spec.pids), hint = "the least is 1", exit = 125 }
  end
end

-- The cgroup of a container.
function limits.name(id)
  return "tinylua/" .. id
end

-- Makes the cgroup with its limits before the container is born in it. Every container has one, for
-- pause and stats; on v1 it is only in the hierarchies of the controllers that it needs.
function limits.apply(ctx)
  local name = limits.name(ctx.id)
  ctx.scope:undo("cgroup_del", name, { kill = true })
  ctx.cgroup = tiny.cgroup(name, { controllers = controllers(ctx.spec) })
  limits.set(ctx.cgroup, ctx.spec)
end

-- Sets the limits that `wanted` has.
function limits.set(cgroup, wanted)
  if wanted.memory then tiny.set_memory_limit(cgroup, wanted.memory) end
  if wanted.swap then tiny.set_swap_limit(cgroup, wanted.swap) end
  if wanted.cpus then tiny.set_cpu_limit(cgroup, wanted.cpus) end
  if wanted.pids then tiny.set_pids_limit(cgroup, wanted.pids) end
end

-- The cgroup of a container that runs already.
function limits.reopen(ctx)
  return (tiny.try(tiny.open_cgroup, limits.name(ctx.id)))
end

-- The cgroup of a container that must be running.
function limits.of(container)
  if container.state.status ~= "running" then
    tiny.fail { message = container.config.name .. " is not running", hint = "`tinylua ps` lists those that run" }
  end
  return tiny.open_cgroup(limits.name(container.id))
end

-- Whether the kernel killed something in the container for its memory; asked before the cgroup goes.
function limits.oom_kills(ctx)
  if not ctx.cgroup or not ctx.spec.memory then return 0 end
  local stats = tiny.try(tiny.cgroup_stats, ctx.cgroup)
  return stats and stats.oom_kills or 0
end

return limits
