-- What a run has used: read when its processes have ended, before its cgroup is removed. Figures that this host does not
-- count are absent.
local usage = {}

-- The fields in the order of reports.
usage.FIELDS = {
  "wall_seconds", "cpu_seconds", "user_seconds", "system_seconds", "memory_peak", "rss_peak", "pids_peak", "read_bytes", "write_bytes",
  "reads", "writes", "voluntary_switches", "involuntary_switches",
}
local OF_CGROUP = { "memory_peak", "pids_peak", "read_bytes", "write_bytes", "reads", "writes" }
local OF_PROCESSES = { "rss_peak", "voluntary_switches", "involuntary_switches" }

-- The figures of the container's cgroup; nil without one.
function usage.stats(cgroup)
  return cgroup and tiny.try(tiny.cgroup_stats, cgroup, { totals = true }) or nil
end

-- Seconds since the start. A supervisor that did not start the container knows only the time of day.
local function elapsed(ctx)
  if ctx.started then return tiny.clock("monotonic") - ctx.started end
  local started = tiny.parse_timestamp(ctx.record.state.started_at or "")
  return started and math.max(tiny.clock() - started, 0)
end

-- stats: of the cgroup, or nil. waited: of PID 1 and the processes that were waited for (wait4(2)), or nil. The cgroup also
-- counts processes that nobody waited for, so its CPU time is preferred.
function usage.of(ctx, stats, waited)
  local cgroup, processes = stats or {}, waited or {}
  local found = { wall_seconds = ctx and elapsed(ctx) }
  local times = cgroup.cpu_seconds and cgroup or processes
  found.user_seconds, found.system_seconds = times.user_seconds, times.system_seconds
  found.cpu_seconds = times.cpu_seconds or times.user_seconds and times.user_seconds + times.system_seconds
  for _, key in ipairs(OF_CGROUP) do found[key] = cgroup[key] end
  for _, key in ipairs(OF_PROCESSES) do found[key] = processes[key] end
  return next(found) and found or nil
end

return usage
