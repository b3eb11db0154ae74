-- The limits of a run that its supervisor keeps: time, CPU time and output. The first one that is exceeded ends the
-- container, and is recorded at once: a later supervisor continues where this one was killed.
local events = require "tiny.store.events"
local format = require "tiny.format"
local state = require "tiny.store.state"

local run_limits = {}

-- The signal that would end a process at this limit, and the event. At the end of its time the status is 124, as with timeout(1).
local SIGNALS = { cpu_time = "SIGXCPU", max_output = "SIGXFSZ" }
local EVENTS = { timeout = "timeout", cpu_time = "timeout", max_output = "output_limit" }
local TIMED_OUT = 124

-- Seconds. CPU time is not read more often than this.
local OFTEN = 0.005

-- Records that a limit was exceeded; false if another was before.
local function exceed(ctx, limit)
  if ctx.exceeded then return false end
  ctx.exceeded = limit
  tiny.try(state.update, ctx.record, function(s) s.exceeded = limit end)
  events.emit(ctx.record, EVENTS[limit], { limit = limit })
  return true
end

-- A frozen process handles no signal, before cgroup v2 not even SIGKILL. On v1, thawing a container that is not frozen would create a group.
local function signal(ctx, name)
  local stats = ctx.cgroup and tiny.try(tiny.cgroup_stats, ctx.cgroup)
  if stats and stats.frozen then tiny.try(tiny.cgroup_thaw, ctx.cgroup) end
  tiny.try(tiny.kill, ctx.process, name)
end

-- Ends the container at a limit that leaves it no more time.
function run_limits.cut_off(ctx, limit)
  if exceed(ctx, limit) then signal(ctx, "SIGKILL") end
end

-- The time is over: the stop signal, then SIGKILL. A signal that the kernel would discard is not waited for.
local function time_over(ctx, loop, handles, grace)
  if not exceed(ctx, "timeout") and ctx.exceeded ~= "timeout" then return end
  local name = ctx.spec.stop_signal or "SIGTERM"
  local left = ctx.deadline + (ctx.spec.stop_timeout or grace) - tiny.clock("monotonic")
  local hears, ignores, certain = handles(ctx.process.pid, name, ctx.spec.init, ctx.spec.pid)
  if left <= 0 or not hears and not ignores and certain then return signal(ctx, "SIGKILL") end
  signal(ctx, name)
  loop:after(left, function() signal(ctx, "SIGKILL") end)
end

-- The number of CPUs that work on the container at most.
local function cpus()
  local count = 0
  for first, last in (tiny.read_file("/sys/devices/system/cpu/online") or "0"):gmatch("(%d+)%-?(%d*)") do
    count = count + (tonumber(last) or tonumber(first)) - tonumber(first) + 1
  end
  return math.max(count, 1)
end

-- Reads the CPU time next when it could be used up at the earliest: if all CPUs work on the container from now on.
local function watch_cpu(ctx, loop)
  local limit, most = ctx.spec.cpu_time, cpus()
  local function look()
    local stats, err = tiny.try(tiny.cgroup_stats, ctx.cgroup, { totals = true })
    if err and (err.code == "ENOENT" or err.code == "ENODEV") then return end -- it has just ended
    if not (stats and stats.cpu_seconds) then
      format.note("%s: its CPU time cannot be read, so it is ended: %s", ctx.name, tostring(err))
      return run_limits.cut_off(ctx, "cpu_time")
    end
    local left = limit - stats.cpu_seconds
    if left <= 0 then return run_limits.cut_off(ctx, "cpu_time") end
    loop:after(math.max(left / most, OFTEN), look)
  end
  look()
end

-- The time limit as a point of the monotonic clock, which a later supervisor finds in the record.
function run_limits.start(ctx)
  ctx.deadline = ctx.spec.timeout and tiny.clock("monotonic") + ctx.spec.timeout
  return ctx.deadline
end

-- Joins the supervisor's loop. handles: supervisor.handles; grace: the default stop timeout.
function run_limits.join(ctx, loop, handles, grace)
  if ctx.recovered then ctx.deadline, ctx.exceeded = ctx.record.state.deadline, ctx.record.state.exceeded end
  if ctx.exceeded and ctx.exceeded ~= "timeout" then return signal(ctx, "SIGKILL") end
  if ctx.deadline then
    loop:after(math.max(ctx.deadline - tiny.clock("monotonic"), 0), function() time_over(ctx, loop, handles, grace) end)
  end
  if ctx.spec.cpu_time then watch_cpu(ctx, loop) end
end

-- The status and signal that are recorded for a run that was ended at a limit.
function run_limits.verdict(limit)
  if limit == "timeout" then return TIMED_OUT, nil end
  return 128 + tiny.signal_number(SIGNALS[limit]), SIGNALS[limit]
end

-- Tells the user of a foreground run what was cut off at a limit.
function run_limits.report(name, spec, result)
  local function bytes() return (require("tiny.spec.run_bounds").output(spec.max_output)) end
  if result.truncated then format.note("%s: its output after %d bytes was discarded", name, bytes()) end
  if result.exceeded == "timeout" then format.note("%s was ended: its time of %g s was over", name, spec.timeout) end
  if result.exceeded == "cpu_time" then format.note("%s was ended: its CPU time of %g s was used up", name, spec.cpu_time) end
  if result.exceeded == "max_output" then format.note("%s was ended: it wrote more than %d bytes", name, bytes()) end
end

return run_limits
