-- One run of a container in its supervisor: creates or recovers the container, watches it, and cleans up after it. Decides what
-- happens on each event.
local Loop = require "tiny.base.loop"
local events = require "tiny.store.events"
local format = require "tiny.format"
local limits = require "tiny.pipeline.limits"
local output = require "tiny.supervisor.output"
local scope = require "tiny.scope"
local state = require "tiny.store.state"
local usage = require "tiny.supervisor.usage"

local supervisor = {}

-- Seconds. A container that ends sooner is not watched for limit updates, and is synced to the disk only once.
local SOON = 0.2
-- Seconds from a container's stop signal to SIGKILL.
supervisor.STOP_TIMEOUT = 10
-- How often a process is looked at: one that ran at the first file and sleeps at the second shows neither where it waits nor
-- that it runs.
local LOOKS = 3
local FORWARDED = { "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH" }

-- Most recipes have no callbacks; the module is then not loaded.
local function call_back(ctx, name, ...)
  if ctx.spec[name] then require "tiny.supervisor.callback"(ctx, name, ...) end
end

-- What the steps, the supervisor and the recipe's functions know of a container.
function supervisor.context(record, spec, options)
  return {
    id = record.id, name = record.config.name, dir = record.dir, run = record.run, record = record, spec = spec,
    where = options.where, throwaway = options.throwaway, scope = scope.new(record.dir .. "/undo.jsonl"), echo = {},
    rootless = spec.userns == "own" or nil,
  }
end

-- The child waits until it is recorded before it runs its program: if the supervisor is killed, there is either a recorded
-- container or none.
local function record_birth(ctx)
  -- It is recorded as running while it sets up its mounts: processes that enter it wait for this lock.
  ctx.making = tiny.flock(ctx.run .. "/making")
  state.update(ctx.record, function(s)
    s.status, s.started_at, s.boot_id = "running", tiny.timestamp(), tiny.boot_id()
    s.pid, s.pid_start = ctx.child.pid, tiny.process_start_time(ctx.child.pid)
    s.exit_code, s.signal, s.oom, s.oom_kills, s.finished_at, s.error = nil, nil, nil, nil, nil, nil
    s.health, s.paused, s.killed = ctx.spec.health and "starting" or nil, nil, nil
    s.networks, s.ports = ctx.networks, ctx.ports
    s.exceeded, s.truncated, s.usage = nil, nil, nil
    s.deadline = ctx.spec.timeout and require("tiny.supervisor.run_limits").start(ctx) or nil
  end)
  ctx.started = tiny.clock("monotonic")
  -- Here and not later, because the child sets up its mounts in parallel.
  output.open(ctx)
end

-- Creates the container. On failure, undoes the completed steps and rethrows the error.
function supervisor.make(record, spec, options)
  -- Before the container exists: its processes would see the arguments of the processes forked for it.
  tiny.set_process_title("tinylua: supervisor of " .. record.config.name)
  local ctx = supervisor.context(record, spec, options)
  ctx.born = record_birth
  if spec.egress_learn then ctx.connections = require("tiny.egress.learn").new() end
  if spec.seccomp or spec.egress_ask then ctx.answer = require("tiny.supervisor.syscall_answers").accompany end
  local _, err = tiny.try(function()
    require "tiny.pipeline.process_state"(options.detached)
    ctx.signals = tiny.signals(FORWARDED)
    output.streams(ctx, options)
    if spec.tty then require("tiny.pipeline.terminal").prepare(ctx, options) end
    require("tiny.pipeline.rootfs").prepare(ctx)
    require("tiny.container").make(ctx)
    ctx.process = ctx.child
    if ctx.egress then require("tiny.egress.keeper").born(ctx, ctx.process.pid) end
    if spec.tty then ctx.console = require("tiny.supervisor.console").open(ctx, options.client) end
  end)
  for number, handle in pairs(ctx.stdio or {}) do
    if handle ~= (options.passed or {})[number] then handle:close() end
  end
  if ctx.making then ctx.making:close() end
  if not err then
    -- Release what only the set-up needed.
    ctx.inside, ctx.born, ctx.answer, ctx.security, ctx.go_from, ctx.go_into = nil, nil, nil, nil, nil, nil
    events.emit(record, "start")
    if tiny.settings.log then tiny.log("info", "the container runs", { container = ctx.name, id = ctx.id, process = ctx.process.pid }) end
    call_back(ctx, "on_start")
    return ctx
  end
  if ctx.child then tiny.try(ctx.child.close, ctx.child) end
  if ctx.notify_sources then require("tiny.supervisor.syscall_answers").close(ctx) end
  supervisor.clear(ctx)
  error(err, 0)
end

-- Recovers a running container that lost its supervisor; nil if it has ended meanwhile.
function supervisor.recover(record, spec)
  local process = state.process(record)
  if not process then return nil end
  tiny.set_process_title("tinylua: supervisor of " .. record.config.name)
  local ctx = supervisor.context(record, spec, {})
  ctx.process, ctx.recovered = process, true
  require "tiny.pipeline.process_state"(true)
  ctx.signals = tiny.signals(FORWARDED)
  ctx.scope:load()
  ctx.cgroup = limits.reopen(ctx)
  require("tiny.network").recover(ctx)
  if spec.egress_learn then ctx.connections = require("tiny.egress.learn").new() end
  if spec.seccomp or spec.egress and spec.network ~= "none" then require("tiny.pipeline.seccomp_notify").open(ctx) end
  output.open(ctx)
  return ctx
end

-- Undoes the steps; failures are reported, never thrown.
function supervisor.clear(ctx)
  local failures = ctx.scope:clear()
  local network = ctx.spec.network
  if network == "pasta" or network == "slirp4netns" then require("tiny.net.rootless").stop(ctx) end
  if ctx.spec.network == "bridge" then
    local _, err = tiny.try(require("tiny.network").release)
    table.insert(failures, err and tostring(err))
  end
  if ctx.spec.cgroup_parent then
    local _, err = tiny.try(require("tiny.pipeline.cgroup_parent").release)
    table.insert(failures, err and tostring(err))
  end
  for _, text in ipairs(failures) do format.note("while cleaning up: %s", text) end
end

-- Whether the process would act on a signal: PID 1 gets only signals that it handles or waits for. If it waits in sigwait(3),
-- like --init and most small inits, the signal masks in /proc show neither, but wchan does. Second result: whether it ignores
-- the signal explicitly. Third result: whether this is certain, since it runs or its wchan can be read.
-- `shared`: its pid namespace is another's, so that the default actions of signals apply.
function supervisor.handles(pid, name, init, shared)
  if init then return true end
  local asleep, status
  for _ = 1, LOOKS do
    asleep = tiny.try(tiny.read_file, ("/proc/%d/wchan"):format(pid)) or ""
    status = require "tiny.base.process_status"(tiny.read_file(("/proc/%d/status"):format(pid)))
    if asleep ~= "0" or status.State:sub(1, 1) == "R" then break end
  end
  if asleep:find("sigtimedwait", 1, true) then return true end
  local number = tiny.signal_number(name)
  local function has(field)
    local mask = tonumber(status[field] or "0", 16)
    return mask & (1 << (number - 1)) ~= 0
  end
  -- A shell blocks all signals briefly while it starts a program, but still ignores the ones it ignores.
  local ignores = has "SigIgn"
  local certain = asleep ~= "" and asleep ~= "0" or status.State:sub(1, 1) == "R"
  return not ignores and (shared or has "SigCgt" or has "SigBlk"), ignores, certain
end

-- Forwards a signal to the container. PID 1 does not get signals that it has no handler for (pid_namespaces(7)), so a second
-- Ctrl-C sends SIGKILL.
function supervisor.forward(ctx, name)
  local fatal = name == "SIGINT" or name == "SIGTERM" or name == "SIGQUIT"
  if fatal and ctx.asked then return tiny.try(tiny.kill, ctx.process, "SIGKILL") end
  if fatal and not supervisor.handles(ctx.process.pid, name, ctx.spec.init, ctx.spec.pid) then
    ctx.asked = true
    format.note("the container's PID 1 has no handler for %s, so the kernel discards it; send it again to kill the container", name)
  end
  tiny.try(tiny.kill, ctx.process, name)
end

-- The reader of a foreground run's output is gone (`run … | head`). Like any program in a pipeline the run ends, and its
-- container with it: nobody else could stop it. PID 1 gets its stop signal, or SIGKILL if it would not act on that.
local function reader_gone(ctx, loop)
  if ctx.leaving then return end
  ctx.leaving = true
  tiny.try(state.update, ctx.record, function(s) s.killed = true end)
  local signal = ctx.spec.stop_signal or "SIGTERM"
  local hears = supervisor.handles(ctx.process.pid, signal, ctx.spec.init)
  tiny.try(tiny.kill, ctx.process, hears and signal or "SIGKILL")
  loop:after(ctx.spec.stop_timeout or supervisor.STOP_TIMEOUT, function() tiny.try(tiny.kill, ctx.process, "SIGKILL") end)
end

local function how_it_ended(ctx)
  if ctx.recovered then return tiny.process_exit_status(ctx.process) end
  return ctx.process:wait(nil, { usage = true })
end

-- How the run ended: that it was ended at a limit matters more than the status that its end happened to have.
local function result_of(ctx)
  local status, signal, waited = how_it_ended(ctx)
  local stats = usage.stats(ctx.cgroup)
  local result = { status = status, signal = signal, oom = limits.oom_kills(ctx, stats), log_lost = ctx.lost }
  result.usage, result.exceeded = usage.of(ctx, stats, waited), ctx.exceeded
  result.truncated = ctx.bound and ctx.bound.action == "truncate" and ctx.bound.hit or nil
  if ctx.exceeded then result.status, result.signal = require("tiny.supervisor.run_limits").verdict(ctx.exceeded) end
  return result
end

-- Starts the health check and the watches of the cgroup; returns the health check, and handles to close. A container is not
-- ended because a watch fails.
local function watch_inside(ctx, loop)
  local health, handles
  if ctx.spec.health then
    health = require("tiny.supervisor.health_check").start(ctx, loop, function(...) call_back(ctx, "on_health", ...) end)
  end
  local function call(...) call_back(ctx, ...) end
  if ctx.cgroup and (ctx.spec.memory or ctx.spec.on_pressure) then
    local err
    handles, err = tiny.try(require("tiny.supervisor.memory_events").watch, ctx, loop, call)
    if err then format.note("%s: OOM kills are reported only at its end, and memory pressure is not: %s", ctx.name, tostring(err)) end
  end
  handles = handles or {}
  if ctx.cgroup and not ctx.spec.memory then
    loop:after(SOON, function() require "tiny.supervisor.limit_watch"(ctx, loop, handles, call) end)
  end
  return health, handles
end

-- Syncs what a start has written. A disk failure does not end the container.
local function persist(record)
  local _, err = tiny.try(require "tiny.store.persist", record, true)
  if err then format.note("%s may be lost by a power cut: %s", record.config.name, tostring(err)) end
end

-- Waits until the container has ended; returns { status, signal, oom }. A status of nil means that this kernel does not report
-- it to a supervisor that is not the parent.
function supervisor.watch(ctx)
  local loop = Loop.new()
  output.join(ctx, loop)
  if ctx.input then ctx.input:join(loop) end
  ctx.reader_gone = function() reader_gone(ctx, loop) end
  loop:on(ctx.process, function() loop:stop() end)
  loop:on(ctx.signals, function()
    for name in function() return (ctx.signals:next()) end do supervisor.forward(ctx, name) end
  end)
  local health, handles = watch_inside(ctx, loop)
  if ctx.spec.timeout or ctx.spec.cpu_time or ctx.recovered then
    require("tiny.supervisor.run_limits").join(ctx, loop, supervisor.handles, supervisor.STOP_TIMEOUT)
  end
  if not ctx.record.config.remove and not ctx.record.persisted then loop:after(SOON, function() persist(ctx.record) end) end
  if ctx.resolver then require("tiny.net.resolver").join(ctx, loop) end
  if ctx.egress then require("tiny.egress.keeper").watch(ctx, loop) end
  if ctx.notify_sources then require("tiny.supervisor.syscall_answers").join(ctx, loop) end
  if ctx.console then ctx.console:join(loop, function(name) supervisor.forward(ctx, name) end, ctx.reader_gone) end
  loop:run()
  ctx.reader_gone = nil
  if health then health:close() end
  if ctx.notify_sources then require("tiny.supervisor.syscall_answers").close(ctx) end
  for _, handle in pairs(handles) do handle:close() end
  if ctx.console then ctx.console:drain(function() return output.move(ctx, "stdout") end) end
  output.finish(ctx)
  local result = result_of(ctx)
  ctx.usage = result.usage
  ctx.process:close()
  -- The last kill may have been that of PID 1.
  result.oom_untold = result.oom > 0 and require("tiny.supervisor.memory_events").told(ctx, result.oom) or nil
  if tiny.settings.log then tiny.log("info", "the container has ended", { container = ctx.name, id = ctx.id, status = result.status, signal = result.signal, oom = result.oom }) end
  supervisor.clear(ctx)
  return result
end

-- Sends the result to the clients, once it is recorded.
function supervisor.tell_clients(ctx, result)
  local audience = ctx.console and ctx.console.audience or ctx.record.audience
  if audience then audience:tell(result) end
end

-- Reports the end to the recipe, once; by then it is recorded.
function supervisor.tell_end(ctx, result)
  if ctx.told then return end
  ctx.told = true
  if result.oom_untold then call_back(ctx, "on_oom", result.oom) end
  call_back(ctx, "on_exit", result.status, result.signal)
end

return supervisor
