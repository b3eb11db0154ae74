-- Shows the resource usage of containers.
local format = require "tiny.format"
local limits = require "tiny.pipeline.limits"
local source = require "tiny.inspect.source"
local state = require "tiny.state"

-- On cgroup v1 a container is only in the hierarchies of the limits that it has. Otherwise its processes are added up: their
-- threads, and their proportional set sizes (proc_pid_smaps(5)), which leave out the page cache.
local function by_processes(container, stats)
  local process <close> = state.process(container)
  local first <close> = process and tiny.try(source.of, process) or nil
  if not first then return end
  local is_member = source.members_of(container, first)
  local memory, pids = 0, 0
  for _, name in ipairs(tiny.list_dir("/proc")) do
    local held <close> = name:match("^%d+$") and source.open(source.integer(name)) or nil
    if held and is_member(held) then
      memory = memory + (tonumber((held:read("smaps_rollup") or ""):match("\nPss:%s+(%d+) kB")) or 0) * 1024
      pids = pids + (tonumber(held:status().Threads or 1) or 1)
    end
  end
  stats.memory, stats.pids = stats.memory or memory, stats.pids or pids
end

local function sample(container)
  local cgroup = limits.reopen(container)
  local stats = cgroup and tiny.try(tiny.cgroup_stats, cgroup) or {}
  if not (stats.memory and stats.pids) then by_processes(container, stats) end
  stats.id, stats.name, stats.at = container.id, container.config.name, tiny.clock("monotonic")
  return stats
end

local function size(bytes) return format.size(bytes, true) end

-- CPU usage between two samples, in percent of one CPU.
local function percent(before, now)
  if not (before and before.cpu_seconds and now.cpu_seconds) then return "-" end
  return ("%.1f%%"):format((now.cpu_seconds - before.cpu_seconds) / (now.at - before.at) * 100)
end

local function row(before, now)
  local limit = now.memory_limit and " / " .. size(now.memory_limit) or ""
  return { now.id, now.name, percent(before, now), size(now.memory) .. limit, tostring(now.pids or "-"), tostring(now.oom_kills or "-") }
end

local function samples(names)
  local all = {}
  for _, c in ipairs(#names > 0 and require("tiny.cli.options").found(names) or state.list()) do
    if c.state.status == "running" then all[#all + 1] = sample(c) end
  end
  return all
end

return {
  summary = "Show the resource usage of containers",
  section = "Containers",
  order = 115,
  about = "On cgroup v1, the memory of a container without a memory limit is the sum of its processes' proportional set sizes.",
  options = {
    { "no-stream", type = "flag", help = "Print once, measured over one second, then exit" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  args = { { "container", many = true, required = false, value = "CONTAINER", complete = "containers", help = "Names or id prefixes [default: all running containers]" } },
  run = function(args)
    local before = {}
    for _, s in ipairs(samples(args.container)) do before[s.id] = s end
    repeat
      tiny.poll({}, 1)
      local now, rows = samples(args.container), {}
      for _, s in ipairs(now) do rows[#rows + 1] = row(before[s.id], s) end
      for _, s in ipairs(now) do before[s.id] = s end
      if args.format == "json" then format.json(now) else
        if not args.no_stream then format.clear() end
        format.table({ "CONTAINER ID", "NAME", "CPU", "MEMORY", "PIDS", "OOM KILLS" }, rows)
      end
    until args.no_stream
  end,
}
