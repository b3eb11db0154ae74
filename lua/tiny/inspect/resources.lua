-- The cgroup of a container or process: its limits and usage.
local resources = {}

-- The controllers that are checked for a cgroup of its own, in this order.
local TELLING = { "memory", "pids", "cpu", "unified", "freezer", "devices" }

-- The cgroup path of an unrecorded process, from the first hierarchy in which it differs from the caller's.
local function path_of(process)
  local theirs, mine = tiny.try(tiny.cgroup_of, process) or {}, tiny.try(tiny.cgroup_of) or {}
  for _, controller in ipairs(TELLING) do
    local path = theirs[controller]
    if path and path ~= mine[controller] and path ~= "/" then return path end
  end
end

-- The CPU limit in CPUs: "MAX PERIOD" on v2, two files on v1.
local function cpus_of(group)
  local both = tiny.try(tiny.cgroup_read, group, "cpu.max")
  local max, period = (both or ""):match("^(%d+) (%d+)")
  if not max then
    max = (tiny.try(tiny.cgroup_read, group, "cpu.cfs_quota_us"))
    period = (tiny.try(tiny.cgroup_read, group, "cpu.cfs_period_us"))
  end
  max, period = max and tonumber(max), period and tonumber(period)
  return max and period and max > 0 and period > 0 and max / period or nil
end

local function cpuset_of(group)
  local text = tiny.try(tiny.cgroup_read, group, "cpuset.cpus")
  return text and text:match("^[%d,-]+")
end

-- { path, folders, stats, limits }; nil if it has no cgroup of its own.
function resources.of(process, container)
  local group
  if container then
    group = require("tiny.pipeline.limits").reopen(container)
  else
    local path = path_of(process)
    group = path and tiny.try(tiny.open_cgroup, path)
  end
  if not group then return nil end
  local stats = tiny.try(tiny.cgroup_stats, group) or {}
  local asked = container and container.config.limits or {}
  return {
    path = group.path, version = group.version, folders = group.folders, stats = stats,
    limits = {
      memory = stats.memory_limit, swap = stats.swap_limit, pids = stats.pids_limit, cpus = cpus_of(group) or asked.cpus,
      cpuset = asked.cpuset and cpuset_of(group) or nil,
    },
  }
end

return resources
