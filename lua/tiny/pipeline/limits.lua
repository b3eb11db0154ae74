-- Resource limits: checks the limits of a spec and applies them to the container's cgroup.
local limits = {}

local FLOOR = 512 * 1024
-- The kernel's maximum number of processes (PID_MAX_LIMIT); pids.max accepts no more.
local MOST_PIDS = 4194304

-- The default maximum of processes and threads (podman: 2,048): far more than programs need, far fewer than would keep the
-- machine from starting others.
limits.PIDS = 4096

local function wrong(message, hint)
  tiny.fail { message = message, hint = hint, exit = 125 }
end

-- The controllers that a spec needs.
local function controllers(spec)
  local needed = {}
  if spec.memory or spec.swap then table.insert(needed, "memory") end
  if spec.cpus then table.insert(needed, "cpu") end
  if (spec.pids or 0) > 0 then table.insert(needed, "pids") end
  if spec.cpuset then table.insert(needed, "cpuset") end
  return needed
end

-- The controllers that only count, for the usage of a run. Each one lengthens the start, so they are enabled on request.
local COUNTING = { "memory", "pids", "io", "blkio" }

-- The controllers of the new cgroup: those of the limits, and on request those that count, as far as this user has them. CPU
-- time is counted by v2 itself, and by a controller of v1.
local function wanted(ctx)
  local list, spec = controllers(ctx.spec), ctx.spec
  if not (spec.usage or spec.cpu_time) then return list end
  local there = tiny.probe().cgroup.controllers
  if spec.cpu_time and not ctx.rootless and there.cpuacct then table.insert(list, "cpuacct") end
  if not spec.usage then return list end
  local given = ctx.rootless and require("tiny.pipeline.delegated").controllers()
  for _, name in ipairs(COUNTING) do
    local ours = there[name] ~= nil
    if given then ours = table.concat(given, " "):find("%f[%w]" .. name .. "%f[%W]") ~= nil end
    if ours then table.insert(list, name) end
  end
  return list
end

-- Checks a list of CPUs such as "0-2,5".
local function check_cpuset(text)
  local online = tonumber((tiny.read_file("/sys/devices/system/cpu/online") or ""):match("(%d+)%s*$")) or math.huge
  for part in (text .. ","):gmatch("([^,]*),") do
    local first, last = part:match("^(%d+)%-(%d+)$")
    first, last = tonumber(first or part:match("^%d+$")), tonumber(last or part:match("^%d+$"))
    if not first or first > last then wrong(("cpuset: %s is not a list of CPUs"):format(tiny.show(text)), "use numbers and ranges, such as 0-2,5") end
    if last > online then wrong(("cpuset: no such CPU: %d"):format(last), ("the last CPU is %d"):format(online)) end
  end
end

function limits.check(spec)
  if spec.memory then spec.memory = tiny.parse_size(spec.memory) end
  if spec.swap and spec.swap ~= "unlimited" then spec.swap = tiny.parse_size(spec.swap) end
  -- As in docker, 0 is no limit.
  if spec.memory == 0 then spec.memory = nil end
  if spec.cpus == 0 then spec.cpus = nil end
  if spec.memory and spec.memory < FLOOR then
    wrong(("memory: %d bytes is too low"):format(spec.memory), "the minimum is 512k")
  end
  if spec.cpus and (spec.cpus <= 0 or spec.cpus < 0.01) then wrong(("cpus: %s is too low"):format(spec.cpus), "the minimum is 0.01 of a CPU") end
  -- As in docker and podman.
  if spec.pids == -1 then spec.pids = 0 end
  if spec.pids and spec.pids < 0 then wrong(("pids: %d is negative"):format(spec.pids), "the minimum is 1; 0 means no limit") end
  if spec.pids and spec.pids > MOST_PIDS then
    wrong(("pids: the kernel does not support %d processes"):format(spec.pids), ("the maximum is %d; 0 means no limit"):format(MOST_PIDS))
  end
  if spec.cpuset then check_cpuset(spec.cpuset) end
  local score = spec.oom_score_adj
  if score and (score < -1000 or score > 1000) then wrong(("oom_score_adj: %d is not between -1000 and 1000"):format(score)) end
  if spec.cgroup_parent then spec.cgroup_parent = require("tiny.pipeline.cgroup_parent").check(spec.cgroup_parent) end
end

-- The path of a container's cgroup; `of` is a recorded container or a supervisor's context.
function limits.path(of)
  local asked, kept = of.config or of.spec, (of.record or of).state
  -- A rootless container's cgroup is where delegation allowed it at its start.
  if kept and kept.cgroup then return kept.cgroup end
  return (asked.cgroup_parent or "tinylua") .. "/" .. of.id
end

-- The errors of a controller that the host does not have, or does not delegate to this cgroup.
local LACKING = { ENODEV = true, ENOENT = true, EACCES = true, EBUSY = true }

-- Sets the default limit; if the host lacks the controller, it is skipped. For a rootless container this prints no warning,
-- since `tinylua doctor` reports missing delegation.
local function limit_pids(ctx)
  local _, err = tiny.try(tiny.set_pids_limit, ctx.cgroup, limits.PIDS)
  if not err then return end
  if not LACKING[err.code] then error(err, 0) end
  if not ctx.rootless then require("tiny.format").note("%s: cannot limit the number of processes: %s", ctx.name, err.message) end
end

-- The errors of a host without writable cgroups, such as the inside of another container.
local WITHOUT = { EROFS = true, ENODEV = true, ENOENT = true }

-- Whether a container may do without a cgroup: it has no limits, and no device that only the cgroup's rules keep it from.
local function dispensable(ctx)
  local spec = ctx.spec
  if spec.cgroup_parent or spec.cpu_time or #controllers(spec) > 0 then return false end
  if ctx.rootless or spec.privileged then return true end
  for _, name in ipairs(ctx.security.caps) do
    if name == "CAP_MKNOD" then return false end
  end
  return not spec.devices
end

-- Without the sum over all processes there is no limit: RLIMIT_CPU holds for each process alone, and a fork begins anew.
local function check_cpu_time(ctx)
  if ctx.cgroup and tiny.cgroup_stats(ctx.cgroup).cpu_seconds then return end
  wrong("cpu_time: nothing counts the CPU time of this container as a whole",
    ctx.rootless and require("tiny.pipeline.delegated").HINT or "`tinylua doctor` shows the controllers of this host; --ulimit cpu=SECONDS limits each process alone")
end

-- Creates the cgroup with its limits before the container is created in it. Every container has one, for pause and stats,
-- unless the host has no writable cgroups and the container needs none; on v1 only in the hierarchies of the controllers that it needs.
function limits.apply(ctx)
  if ctx.rootless and not require("tiny.pipeline.delegated").place(ctx, controllers(ctx.spec)) then return end
  local path, parent = limits.path(ctx), ctx.spec.cgroup_parent
  local function make()
    ctx.scope:undo("cgroup_del", path, { kill = true })
    local made, err = tiny.try(tiny.cgroup, path, { controllers = wanted(ctx) })
    if err and not (WITHOUT[err.code] and dispensable(ctx)) then error(err, 0) end
    ctx.cgroup = made
    if err then return end
    -- Rootless, no device can be created, and the user already has access to those shown.
    if not ctx.rootless then require("tiny.pipeline.security").restrict_devices(ctx) end
    if not ctx.spec.pids then limit_pids(ctx) end
  end
  if parent then require("tiny.pipeline.cgroup_parent").with(parent, make) else make() end
  if ctx.cgroup then limits.set(ctx.cgroup, ctx.spec) end
  if ctx.spec.cpu_time then check_cpu_time(ctx) end
end

-- Runs in the process that becomes the program, while it may still lower the score.
function limits.set_oom_score(score)
  local file <close> = tiny.open("/proc/self/oom_score_adj", { write = true })
  file:write(tostring(score))
end

-- Sets the limits in `wanted` on a new cgroup.
function limits.set(cgroup, wanted)
  if wanted.memory then tiny.set_memory_limit(cgroup, wanted.memory) end
  if wanted.swap then tiny.set_swap_limit(cgroup, wanted.swap) end
  if wanted.cpus then tiny.set_cpu_limit(cgroup, wanted.cpus) end
  if (wanted.pids or 0) > 0 then tiny.set_pids_limit(cgroup, wanted.pids) end
  if wanted.cpuset then tiny.cgroup_write(cgroup, { ["cpuset.cpus"] = wanted.cpuset }) end
end

-- Changes the limits of an existing cgroup.
function limits.change(cgroup, wanted)
  limits.set(cgroup, wanted)
  if wanted.pids == 0 then tiny.set_pids_limit(cgroup, "unlimited") end
end

-- The cgroup of a running container.
function limits.reopen(of)
  return (tiny.try(tiny.open_cgroup, limits.path(of)))
end

-- The number of OOM kills in the container, from the last figures of its cgroup.
function limits.oom_kills(ctx, stats)
  if not ctx.spec.memory then return 0 end
  return stats and stats.oom_kills or 0
end

return limits
