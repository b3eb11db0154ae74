-- A managed container's life: record, make, watch, record the end, clean up. Every way out leaves
-- the store and the kernel as they should be.
local container = require "tiny.container"
local format = require "tiny.format"
local limits = require "tiny.limits"
local rootfs = require "tiny.rootfs"
local scope = require "tiny.scope"
local state = require "tiny.state"
local supervise = require "tiny.supervise"

local manage = {}

local function config_of(spec)
  return {
    name = spec.name, command = spec.command, hostname = spec.hostname, rootfs = spec.rootfs or "host",
    limits = { memory = spec.memory, swap = spec.swap, cpus = spec.cpus, pids = spec.pids },
    network = spec.network, env = spec.env or {}, workdir = spec.workdir, user = spec.user, volumes = spec.volumes,
  }
end

-- 127 and 126 as a shell has them; 125 for everything that is tinylua's.
local function exit_of(err)
  if err.op ~= "exec" or err.step ~= "exec" then return err.exit or 125 end
  return err.code == "ENOENT" and 127 or 126
end

local function record_start(record, ctx)
  state.update(record, function(s)
    s.status, s.started_at, s.boot_id = "running", tiny.timestamp(), tiny.boot_id()
    s.pid, s.pid_start = ctx.child.pid, tiny.process_start_time(ctx.child.pid)
    s.supervisor = tiny.getpid()
  end)
end

local function record_end(record, status, signal, oom)
  state.update(record, function(s)
    s.status = s.stopping and "stopped" or "exited"
    s.exit_code, s.signal, s.oom = status, signal, oom > 0 or nil
    s.finished_at, s.pid, s.pid_start, s.stopping, s.supervisor = tiny.timestamp(), nil, nil, nil, nil
  end)
  tiny.try(tiny.remove, record.run, { recursive = true })
end

-- The scope's failures are told, never thrown: the container's own status is what counts.
local function clear(ctx)
  local failures = ctx.scope:clear()
  if ctx.spec.network == "bridge" then
    local _, err = tiny.try(require("tiny.network").release)
    table.insert(failures, err and tostring(err))
  end
  for _, text in ipairs(failures) do format.note("while cleaning up: %s", text) end
end

-- Makes the container; when that fails, nothing of it is left.
local function make(record, spec, options)
  local ctx = {
    id = record.id, name = record.config.name, dir = record.dir, run = record.run, spec = spec, where = options.where,
    throwaway = options.remove, scope = scope.new(record.dir .. "/undo.jsonl"),
  }
  ctx.alive = tiny.flock(record.run .. "/alive")
  local _, err = tiny.try(function()
    supervise.take_signals(ctx)
    supervise.streams(ctx)
    rootfs.prepare(ctx)
    container.make(ctx)
    ctx.log = tiny.log_open(record.dir .. "/container.log")
    record_start(record, ctx)
  end)
  if not err then return ctx end
  if ctx.child then tiny.try(ctx.child.close, ctx.child) end
  clear(ctx)
  state.forget(record)
  err.exit = exit_of(err)
  error(err, 0)
end

local function finish(record, ctx, options)
  local status, signal = supervise.loop(ctx)
  local oom = limits.oom_kills(ctx)
  clear(ctx)
  if ctx.spec.on_exit then
    local _, err = tiny.try(ctx.spec.on_exit, ctx, status, signal)
    if err then format.note("on_exit: %s", tostring(err)) end
  end
  if options.remove then state.forget(record) else record_end(record, status, signal, oom) end
  return status, oom
end

local function foreground(record, spec, options)
  local ctx = make(record, spec, options)
  for number, stream in ipairs(ctx.streams) do stream.echo = tiny.stdio(number) end
  local status, oom = finish(record, ctx, options)
  if oom > 0 then
    format.note("%s ran out of memory (limit %d bytes); the kernel killed in it %d times", ctx.name, spec.memory, oom)
  end
  return status
end

local function background(record, spec, options)
  local supervisor = tiny.fork(function()
    tiny.setsid()
    local null = tiny.open("/dev/null", { read = true, write = true })
    tiny.dup2(null, 0)
    local ctx = make(record, spec, options)
    -- Whoever waits for the end of our output is the caller, and it is about to end.
    tiny.dup2(null, 1)
    tiny.dup2(null, 2)
    tiny.chdir("/")
    tiny.notify_ready()
    finish(record, ctx, options)
  end):keep()
  supervisor:wait_ready()
  format.line(record.id)
  return 0
end

-- Runs what `spec` describes; returns its exit status, or 0 once it runs in the background.
-- options: detach, remove, where (the recipe's line, for errors).
function manage.run(spec, options)
  container.check(spec)
  if tiny.getuid() ~= 0 then
    tiny.fail { message = "a managed container needs root for its mounts and limits", hint = "sudo tinylua run …", exit = 125 }
  end
  local record = state.create(config_of(spec))
  spec.hostname = record.config.hostname
  if options.detach then return background(record, spec, options) end
  return foreground(record, spec, options)
end

return manage
