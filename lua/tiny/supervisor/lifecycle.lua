-- The life cycle of a managed container: create, run, restart, record the end. Every exit path leaves the store and the kernel
-- consistent.
local derived = require "tiny.spec.derived"
local events = require "tiny.store.events"
local format = require "tiny.format"
local restart = require "tiny.spec.restart"
local supervisor = require "tiny.supervisor.supervisor"
local state = require "tiny.store.state"

local lifecycle = {}

local function config_of(spec, options)
  local config = { limits = {}, remove = options.remove or nil, recipe = options.recipe }
  for _, key in ipairs(derived.kept "config") do config[key] = spec[key] end
  for _, key in ipairs(derived.kept "limits") do config.limits[key] = spec[key] end
  config.rootfs = spec.rootfs or spec.image and "image" or "host"
  config.seccomp = spec.seccomp and require("tiny.pipeline.seccomp_notify").plain(spec.seccomp)
  return config
end

-- Runs the recipe of a recorded container; returns the spec, empty for a container without a recipe.
local function asked_by_recipe(record)
  local recipe = record.config.recipe
  local made = recipe and require("tiny.supervisor.recipe_code").run(record)
  if made == nil then return {} end
  if recipe.part and require("tiny.topology").is(made) then return require("tiny.topology").part(made, recipe.project, recipe.part) end
  if not recipe.part and require("tiny.container").is(made) then return made.spec end
  tiny.fail { message = ("the recipe returned %s this time, not a %s"):format(tiny.show(made), recipe.part and "topology" or "container"), exit = 125 }
end

-- The spec of a recorded container; its functions come from the copy of its recipe. It is checked against the host only for a
-- container that is to start, not for a running one.
function lifecycle.spec_of(record, runs)
  local config, spec = record.config, {}
  for key, value in pairs(asked_by_recipe(record)) do spec[key] = value end
  for _, key in ipairs(derived.kept "config") do spec[key] = config[key] end
  -- The recorded options, with the recipe's functions.
  if config.seccomp then
    local how, functions = config.seccomp, (spec.seccomp or {}).notify
    spec.seccomp = { allow = how.allow, learn = how.learn, notify = #(how.notify or {}) > 0 and functions or nil }
  end
  for _, key in ipairs(derived.kept "limits") do spec[key] = config.limits and config.limits[key] end
  if config.rootfs == "host" or config.rootfs == "image" then spec.rootfs = nil end
  return runs and spec or require "tiny.pipeline.check"(spec)
end

-- 127 and 126 as in a shell; 125 for tinylua's own errors.
function lifecycle.exit_of(err)
  if err.op ~= "exec" or err.step ~= "exec" then return err.exit or 125 end
  return err.code == "ENOENT" and 127 or 126
end

local function remove_streams(record)
  for _, name in ipairs { "stdin", "stdout", "stderr", "stdout.spool", "stderr.spool", "notify" } do
    tiny.try(tiny.remove, record.run .. "/" .. name)
  end
end

local function record_end(record, result)
  state.update(record, function(s)
    s.status = state.stopping(s) and "stopped" or "exited"
    s.exit_code, s.signal, s.oom, s.error = result.status, result.signal, result.oom > 0 or nil, result.error
    s.lost, s.log_lost, s.log_cut = result.status == nil or nil, result.log_lost, result.log_cut
    s.finished_at, s.pid, s.pid_start, s.stopping, s.supervisor = tiny.timestamp(), nil, nil, nil, nil
    s.networks, s.ports, s.unrecovered, s.paused, s.killed = nil, nil, nil, nil, nil
    s.usage, s.exceeded, s.truncated, s.deadline, s.output_start = result.usage, result.exceeded, result.truncated, nil, nil
  end)
  remove_streams(record)
  -- A container that ended quickly has not been synced to the disk before.
  if record.config.remove or record.persisted then return end
  local _, err = tiny.try(require "tiny.store.persist", record)
  if err then format.note("%s may be lost by a power cut: %s", record.config.name, tostring(err)) end
end

local function tell_end(record, result)
  if result.told then return end -- the restart delay was interrupted
  result.told = true
  events.emit(record, "die", { exit_code = result.status, signal = result.signal, oom = result.oom > 0 or nil, exceeded = result.exceeded,
    truncated = result.truncated, usage = result.usage })
end

-- Records how a run ended, or removes a container created with that option.
function lifecycle.ended(record, result)
  -- Before the end is recorded: who waits for it finds the changes committed.
  local left = record.config.mounts and require("tiny.cow.folders").any(record.config.mounts) and require "tiny.cow.finish"(record)
  if left or not record.config.remove then record_end(record, result) end
  tell_end(record, result)
  if record.config.remove and not left then require("tiny.supervisor.cleanup").forget(record) end
end

-- Records a failed start, or removes the container if it is new.
local function failed(record, options, err)
  err.exit = lifecycle.exit_of(err)
  if options.fresh then
    if options.cidfile then require("tiny.supervisor.cidfile").remove(options.cidfile, record) end
    local _, kept = tiny.try(require("tiny.supervisor.cleanup").forget, record, { volumes = true })
    if kept then format.note("%s", tostring(kept)) end
  else
    record_end(record, { status = err.exit, oom = 0, error = tostring(err) })
  end
  error(err, 0)
end

local function note_supervisor(record)
  state.update(record, function(s) s.supervisor, s.unrecovered = state.self(), nil end)
end

-- The first start: if it fails, a new container is removed.
local function first(record, spec, options)
  local ctx, err = tiny.try(function()
    if options.detached then
      tiny.setsid()
      note_supervisor(record)
      options.null = tiny.open("/dev/null", { read = true, write = true })
    end
    if record.config.recipe then require("tiny.supervisor.recipe_code").follow(record) end
    return supervisor.make(record, spec, options)
  end)
  return ctx or failed(record, options, err)
end

-- Waits for the restart delay; false if the container is to stop meanwhile.
local function wait_restart(record, ctx, result, seconds, count)
  local signals <close> = tiny.signals { "SIGTERM", "SIGINT" }
  state.update(record, function(s)
    s.status, s.exit_code, s.signal, s.restarts = "restarting", result.status, result.signal, count
    s.finished_at, s.pid, s.pid_start, s.paused = tiny.timestamp(), nil, nil, nil
    s.usage, s.exceeded, s.truncated = result.usage, result.exceeded, result.truncated
  end)
  if tiny.settings.log then tiny.log("info", "starts again soon", { container = record.config.name, seconds = seconds, restarts = count }) end
  remove_streams(record)
  tell_end(record, result)
  supervisor.tell_end(ctx, result)
  return not (state.stopping(record.state) or record.state.killed) and #tiny.poll({ signals }, seconds) == 0
end

-- Watches a container and restarts it by its policy; records how it ended and returns that. The recipe's callback comes last:
-- whatever it does, the end is already recorded.
local function watch(record, spec, ctx, options)
  local counter = restart.counter(restart.parse(spec.restart))
  while true do
    local result = supervisor.watch(ctx)
    local now = state.load(record.id) or record
    -- rename and update may have rewritten the config.
    if not now.damage then
      record.config = now.config
      for _, key in ipairs(derived.kept "limits") do spec[key] = now.config.limits and now.config.limits[key] end
    end
    local seconds, count = counter.next(result.status, state.stopping(now.state) or now.state.killed)
    if not seconds or not wait_restart(record, ctx, result, seconds, count) then
      lifecycle.ended(record, result)
      supervisor.tell_end(ctx, result)
      return result, ctx
    end
    counter.started()
    local again, err = tiny.try(supervisor.make, record, spec, options)
    if not again then
      result = { status = lifecycle.exit_of(err), oom = 0, error = tostring(err) }
      lifecycle.ended(record, result)
      return result, ctx
    end
    again.echo = ctx.echo
    ctx = again
  end
end

function lifecycle.foreground(record, spec, options)
  local ctx = first(record, spec, options)
  local file = require("tiny.base.terminal_output").file
  ctx.echo = { stdout = file(1, options), stderr = file(2, options) }
  local result, last = watch(record, spec, ctx, options)
  supervisor.tell_clients(last, result)
  if result.oom > 0 then
    format.note("%s ran out of memory (limit %d bytes); the kernel killed %d of its processes", ctx.name, spec.memory, result.oom)
  end
  if result.exceeded or result.truncated then require("tiny.supervisor.run_limits").report(ctx.name, spec, result) end
  options.result = result
  -- As if SIGPIPE had ended it.
  return last.echo.gone and 128 + tiny.signal_number("SIGPIPE") or result.status
end

-- Detaches this process from the caller's output, which may be a pipe whose reader would wait for us. From here on, the output of
-- the supervisor and of the recipe's callbacks goes to a file. The container already runs, so failures are ignored.
local function to_log(record, null)
  for number = 0, 2 do tiny.try(tiny.dup2, null, number) end
  tiny.try(tiny.log_reopen)
  tiny.try(function() require("tiny.supervisor.supervisor_log").take(record) end)
end

local function let_go(record, null)
  to_log(record, null)
  tiny.try(tiny.stop_trace)
  tiny.try(null.close, null)
  tiny.try(tiny.chdir, "/")
  -- The caller waits for this. If it fails, the supervisor ends, and the next command recovers the container.
  tiny.notify_ready()
end

function lifecycle.background(record, spec, options)
  options.detached = true
  local child, err = tiny.try(tiny.fork, function()
    if options.leave then options.leave:close() end
    local ctx = first(record, spec, options)
    let_go(record, options.null)
    local result, last = watch(record, spec, ctx, options)
    supervisor.tell_clients(last, result)
  end)
  if not child then failed(record, options, err) end
  local _, failure = tiny.try(child.wait_ready, child:keep())
  -- A killed child cannot report this; a running container is recorded before its supervisor is ready.
  local now = tiny.try(state.load, record.id)
  -- Do not report a failure if the container runs: the caller would start it twice.
  if failure then now = tiny.try(state.settled, now, nil, options.recover) end
  if now and now.state.status == "running" then return 0 end
  if failure then error(failure, 0) end
  if now and now.state.status == "starting" then
    child:wait()
    if options.cidfile then require("tiny.supervisor.cidfile").remove(options.cidfile, record) end
    tiny.fail { message = record.config.name .. ": its supervisor was killed before the container ran", hint = "tinylua gc cleans up after it", exit = 125 }
  end
  return 0
end

-- Seconds that a new supervisor has until it watches the container, if it must run a recipe first.
local RECOVERY = 10

-- Kills a supervisor whose recovery timed out, and records that, so that later commands do not wait as long again.
local function give_up(record, supervisor)
  tiny.try(tiny.kill, supervisor, "SIGKILL")
  tiny.try(supervisor.wait, supervisor)
  local message = ("its recipe was still loading after %d s; tinylua gc tries again"):format(RECOVERY)
  tiny.try(state.update, record, function(s) s.unrecovered, s.supervisor = message, nil end, 1)
  tiny.fail { message = message, code = "ETIMEDOUT", exit = 125 }
end

-- Recovers a container that lost its supervisor. The caller holds record.alive.
function lifecycle.recover(record)
  -- The program that restarts the container and runs its health checks must not be writable by it. If it is, the command
  -- re-executes itself, which is safe because it has only read so far.
  tiny.seal()
  local child = tiny.fork(function()
    tiny.setsid()
    note_supervisor(record)
    local null = tiny.open("/dev/null", { read = true, write = true })
    -- Output of the recipe at this point belongs to no command.
    to_log(record, null)
    local spec = lifecycle.spec_of(record, true)
    local ctx = supervisor.recover(record, spec)
    let_go(record, null)
    if not ctx then return end
    local result, last = watch(record, spec, ctx, { detached = true })
    supervisor.tell_clients(last, result)
  end)
  local ready, err = tiny.try(child.wait_ready, child:keep(), record.config.recipe and RECOVERY)
  if err then
    -- It has inherited the lock: the next command is to find it free.
    tiny.try(child.wait, child)
    error(err, 0)
  end
  if not ready then give_up(record, child) end
end

-- Restart policies under which a container never ends by itself.
local FOREVER = { always = true, ["unless-stopped"] = true }

local function has_volumes(mounts)
  for _, mount in ipairs(mounts) do
    if mount.type == "volume" then return true end
  end
  return false
end

-- Checks a spec and records the container. options: recipe, { path, args, text } of the recipe it came from; earlier, the mounts of the
-- container that it replaces, whose anonymous volumes it takes over.
function lifecycle.create(spec, options)
  -- Until the record names them, nothing else keeps the image's layers from being collected.
  local images <close> = spec.image and require("tiny.images.store").lock "shared" or nil
  local _, err = tiny.try(require "tiny.pipeline.check", spec)
  if err then
    err.at = err.at or options.where
    error(err, 0)
  end
  if options.remove and FOREVER[spec.restart or "no"] then
    tiny.fail { message = ("--rm cannot be combined with the restart policy %s, which never lets the container go"):format(spec.restart), at = options.where,
      hint = "leave --rm out, or choose --restart on-failure or no", exit = 125 }
  end
  if options.cidfile then require("tiny.supervisor.cidfile").check(options.cidfile) end
  local code = options.recipe and require "tiny.supervisor.recipe_code"
  local files = code and code.describe(options.recipe)
  local volumes = spec.mounts and has_volumes(spec.mounts) and require "tiny.store.volumes"
  if volumes then volumes.name_all(spec.mounts, options.earlier) end
  local record = state.create(config_of(spec, options), options.earlier ~= nil or nil)
  if volumes then
    local _, missing = tiny.try(volumes.provide, spec.mounts)
    if missing then failed(record, { fresh = not options.earlier }, missing) end
  end
  if files then code.write(record, files) end
  if options.cidfile then require("tiny.supervisor.cidfile").write(options.cidfile, record) end
  if options.durable or state.durable(record.config) then
    local _, lost = tiny.try(require "tiny.store.persist", record, true)
    if lost then failed(record, { fresh = not options.earlier, cidfile = options.cidfile }, lost) end
  end
  events.emit(record, "create")
  spec.hostname = record.config.hostname
  return record
end

-- Seconds that the callbacks of an end may take before the next start.
local LAST_WORDS = 60

-- Starts a recorded container again, in the background; false if it is already running.
function lifecycle.start(known, recover)
  local record, now = state.claim(known, LAST_WORDS)
  if not record and not now then state.gone(known) end
  if not record and not state.busy(now) then
    tiny.fail {
      message = ("%s has ended, but after %d s its supervisor still runs a callback of its recipe"):format(now.config.name, LAST_WORDS), exit = 125,
      hint = "`tinylua rm -f` ends it",
    }
  end
  if not record then return false end
  local alive <close> = record.alive
  if record.unreadable then tiny.fail(record.damage) end
  local spec = lifecycle.spec_of(record)
  state.update(record, function(s) s.status, s.supervisor, s.stopping, s.again = "starting", state.self(), nil, true end)
  lifecycle.background(record, spec, { where = record.config.recipe and record.config.recipe.path, recover = recover })
  return true
end

return lifecycle
