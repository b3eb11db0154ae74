-- One run of a container as its supervisor sees it: make it, or take over one that lost its
-- supervisor; watch it; clear up after it. What happens on an event is decided here.
local Loop = require "tiny.loop"
local events = require "tiny.events"
local format = require "tiny.format"
local limits = require "tiny.limits"
local scope = require "tiny.scope"
local state = require "tiny.state"

local session = {}

local FORWARDED = { "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH" }
local STREAMS = { "stdout", "stderr" }

-- In the background, how many callbacks lie between two looks at the size of what they printed.
local EACH = 64

local function no_exit()
  tiny.fail { message = "os.exit would end the supervisor: refused", hint = "return from the callback; tiny.kill(ctx.process) ends the container" }
end

-- A callback of the recipe: what it throws is told and changes nothing else.
local function call_back(ctx, name, ...)
  local f = ctx.spec[name]
  if not f then return end
  local exit = os.exit
  os.exit = no_exit
  -- What it returns is of no interest; a second result would look like an error.
  local _, err = tiny.try(function(...) f(ctx, ...) end, ...)
  os.exit = exit
  if err then format.note("%s%s: %s: %s", ctx.record.remarks and tiny.timestamp() .. " " or "", ctx.name, name, tostring(err)) end
  -- In the background what it printed goes to a file, which would be written when a buffer is full.
  format.flush()
  ctx.calls = (ctx.calls or 0) + 1
  if ctx.record.remarks and ctx.calls % EACH == 0 then require("tiny.remarks").trim(ctx.record) end
end

local function new_context(record, spec, options)
  return {
    id = record.id, name = record.config.name, dir = record.dir, run = record.run, record = record, spec = spec,
    where = options.where, throwaway = options.throwaway, scope = scope.new(record.dir .. "/undo.jsonl"), echo = {},
  }
end

local function driver(spec)
  return spec.log and spec.log.driver or "json"
end

-- The container's streams as FIFOs. It holds them open for reading and writing, so it never gets
-- SIGPIPE; the bytes wait for whoever reads.
local function streams(ctx, options)
  ctx.stdio = {}
  for number, name in ipairs(STREAMS) do
    if driver(ctx.spec) == "passthrough" then
      ctx.stdio[number] = require("tiny.logging").pass(options, number)
    else
      local path = ctx.run .. "/" .. name
      tiny.mknod(path, "fifo", { mode = tonumber("600", 8) })
      ctx.stdio[number] = tiny.open(path, { read = true, write = true })
    end
  end
  if not ctx.spec.interactive or ctx.spec.tty then
    ctx.stdio[0] = tiny.open("/dev/null")
  elseif not options.detached then
    ctx.stdio[0] = tiny.stdio(0)
  else
    -- Whoever attaches writes into it, one after the other; its end never comes.
    tiny.mknod(ctx.run .. "/stdin", "fifo", { mode = tonumber("600", 8) })
    ctx.stdio[0] = tiny.open(ctx.run .. "/stdin", { read = true, write = true })
  end
end

-- What takes the output; nothing where it goes to the caller's own.
local function open_pump(ctx)
  local log = ctx.spec.log or {}
  if driver(ctx.spec) == "passthrough" then return end
  if driver(ctx.spec) == "none" then
    ctx.pump = require("tiny.logging").sink(ctx.run)
    return
  end
  ctx.pump = tiny.pump(ctx.dir .. "/container.log", { dir = ctx.run, max_size = log.max_size, max_files = log.max_files })
end

-- The child waits before its program until it is on record: a supervisor that is killed leaves
-- either a container that can be found, or none.
local function record_birth(ctx)
  -- It is on record as running while it makes its mounts: who enters it waits for this lock.
  ctx.making = tiny.flock(ctx.run .. "/making")
  state.update(ctx.record, function(s)
    s.status, s.started_at, s.boot_id = "running", tiny.timestamp(), tiny.boot_id()
    s.pid, s.pid_start = ctx.child.pid, tiny.process_start_time(ctx.child.pid)
    s.exit_code, s.signal, s.oom, s.oom_kills, s.finished_at, s.error = nil, nil, nil, nil, nil, nil
    s.health = ctx.spec.health and "starting" or nil
  end)
  -- Here and not later: the child makes its mounts meanwhile.
  open_pump(ctx)
end

-- Makes the container. When that fails its steps are undone, and the error is thrown again.
function session.make(record, spec, options)
  local ctx = new_context(record, spec, options)
  ctx.born = record_birth
  local _, err = tiny.try(function()
    ctx.signals = tiny.signals(FORWARDED)
    streams(ctx, options)
    if spec.tty then require("tiny.terminal").prepare(ctx, options) end
    require("tiny.rootfs").prepare(ctx)
    require("tiny.container").make(ctx)
    ctx.process = ctx.child
    if spec.tty then ctx.console = require("tiny.console").open(ctx, options.client) end
  end)
  for number, handle in pairs(ctx.stdio or {}) do
    if handle ~= (options.passed or {})[number] then handle:close() end
  end
  if ctx.making then ctx.making:close() end
  if not err then
    -- What made it is not held for as long as it runs.
    ctx.inside, ctx.born = nil, nil
    events.emit(record, "start")
    call_back(ctx, "on_start")
    return ctx
  end
  if ctx.child then tiny.try(ctx.child.close, ctx.child) end
  session.clear(ctx)
  error(err, 0)
end

-- Takes over a running container whose supervisor is gone; nil when it has ended meanwhile.
function session.adopt(record, spec)
  local process = state.process(record)
  if not process then return nil end
  local ctx = new_context(record, spec, {})
  ctx.process, ctx.adopted = process, true
  ctx.signals = tiny.signals(FORWARDED)
  ctx.scope:load()
  ctx.cgroup = limits.reopen(ctx)
  open_pump(ctx)
  return ctx
end

-- Undoes what the steps made; failures are told, never thrown.
function session.clear(ctx)
  local failures = ctx.scope:clear()
  if ctx.spec.network == "bridge" then
    local _, err = tiny.try(require("tiny.network").release)
    table.insert(failures, err and tostring(err))
  end
  if ctx.spec.cgroup_parent then
    local _, err = tiny.try(require("tiny.cgroup_parent").release)
    table.insert(failures, err and tostring(err))
  end
  for _, text in ipairs(failures) do format.note("while cleaning up: %s", text) end
end

-- Shows bytes at the terminal. What goes wrong there ends the showing, not the container: of a reader
-- that went away (`| head`) nothing is said.
local function echo(ctx, stream, bytes)
  local file = ctx.echo[stream]
  if not file then return end
  local _, err = tiny.try(file.write, file, bytes)
  if not err then return end
  ctx.echo[stream] = nil
  if err.code ~= "EPIPE" then format.note("%s: its %s is not shown any more: %s", ctx.name, stream, err.message) end
end

-- Hands bytes to the terminal and to the recipe.
local function show(ctx, stream, bytes)
  if bytes == "" then return end
  echo(ctx, stream, bytes)
  if not ctx.spec.on_log then return end
  local rest = (ctx.rest and ctx.rest[stream] or "") .. bytes
  for line in rest:gmatch("([^\n]*)\n") do call_back(ctx, "on_log", line, stream) end
  ctx.rest = ctx.rest or {}
  ctx.rest[stream] = rest:match("[^\n]*$")
end

-- Throws away what a log that cannot be written would take; the log says how much once it can.
local function drop(ctx, stream, keep)
  local _, bytes, count = ctx.pump:drop(stream, { keep = keep })
  ctx.lost = (ctx.lost or 0) + count
  if keep then show(ctx, stream, bytes) end
end

-- More than this at once is a burst: the FIFO then gets a moment to fill, since each turn costs about as
-- much for a line as for thousands.
local BURST, MOMENT = 4096, 0.001

local move

-- Looks at a stream again after that many seconds.
local function pause(ctx, loop, stream, seconds)
  local fifo = ctx.pump[stream]
  loop:off(fifo)
  loop:after(seconds, function()
    loop:on(fifo, function() move(ctx, loop, stream) end)
  end)
end

-- Moves what a stream holds. A full disk is waited out: the container blocks when its FIFO is full;
-- or, where the container is not to wait, its output is dropped.
function move(ctx, loop, stream)
  local keep = (ctx.echo[stream] or ctx.spec.on_log) and true or false
  local more, bytes, count = tiny.try(ctx.pump.move, ctx.pump, stream, { keep = keep })
  if more ~= nil then
    ctx.full = nil
    if not more and (count or 0) > BURST then pause(ctx, loop, stream, MOMENT) end
    return keep and show(ctx, stream, bytes)
  end
  local dropping = ctx.spec.log and ctx.spec.log.on_full == "drop"
  if not ctx.full then
    format.note("%s: its log cannot be written, its output %s: %s", ctx.name, dropping and "is dropped" or "waits", tostring(bytes))
  end
  ctx.full = true
  if dropping then return drop(ctx, stream, keep) end
  pause(ctx, loop, stream, 1)
end

-- All its processes are dead (PID 1 was the last): what the FIFOs hold is the rest.
local function finish(ctx)
  if not ctx.pump then return end
  for _, stream in ipairs(STREAMS) do
    local _, bytes = tiny.try(ctx.pump.finish, ctx.pump, stream, { keep = true })
    if type(bytes) == "string" then
      show(ctx, stream, bytes)
    else
      format.note("%s: the end of its %s is not in the log: %s", ctx.name, stream, tostring(bytes))
    end
  end
  ctx.pump:close()
end

-- Whether the process would act on a signal: as PID 1 it gets only those that it handles.
function session.handles(pid, name)
  local status = tiny.read_file(("/proc/%d/status"):format(pid)) or ""
  local number = tiny.signal_number(name)
  for _, field in ipairs { "SigCgt", "SigBlk" } do
    local mask = tonumber(status:match(field .. ":%s*(%x+)") or "0", 16)
    if mask & (1 << (number - 1)) ~= 0 then return true end
  end
  return false
end

-- A signal for the container. PID 1 ignores what it has no handler for (pid_namespaces(7)), so a
-- second Ctrl-C ends it for certain.
function session.forward(ctx, name)
  local fatal = name == "SIGINT" or name == "SIGTERM" or name == "SIGQUIT"
  if fatal and ctx.asked then return tiny.try(tiny.kill, ctx.process, "SIGKILL") end
  if fatal and not session.handles(ctx.process.pid, name) then
    ctx.asked = true
    format.note("the container's PID 1 has no handler for %s, so the kernel drops it; once more ends it with SIGKILL", name)
  end
  tiny.try(tiny.kill, ctx.process, name)
end

-- The modules that only the making of a container needs. A supervisor forgets them while it has nothing
-- to do; a restart loads them again.
local MAKING = { "container", "rootfs", "schema", "network", "mounts", "users", "options", "overlay", "run_options", "terminal", "logging" }

local function forget_making()
  for _, name in ipairs(MAKING) do package.loaded["tiny." .. name] = nil end
end

local function how_it_ended(ctx)
  if ctx.adopted then return tiny.process_exit(ctx.process) end
  return ctx.process:wait()
end

-- Watches what the container does not tell by itself; returns the health check, and handles to close. A
-- container is not ended for what cannot be watched.
local function watch_inside(ctx, loop)
  local health, handles
  if ctx.spec.health then
    health = require("tiny.health_check").start(ctx, loop, function(...) call_back(ctx, "on_health", ...) end)
  end
  if ctx.cgroup and (ctx.spec.memory or ctx.spec.on_pressure) then
    local err
    handles, err = tiny.try(require("tiny.memory_events").watch, ctx, loop, function(...) call_back(ctx, ...) end)
    if err then format.note("%s: what its memory lacks is told at its end only: %s", ctx.name, tostring(err)) end
  end
  return health, handles or {}
end

-- Waits until the container has ended; returns how: { status, signal, oom }. A status of nil means
-- that this kernel does not tell it to a supervisor that is not the parent.
function session.watch(ctx)
  local loop = Loop.new()
  for _, stream in ipairs(ctx.pump and STREAMS or {}) do loop:on(ctx.pump[stream], function() move(ctx, loop, stream) end) end
  loop:on(ctx.process, function() loop:stop() end)
  loop:on(ctx.signals, function()
    for name in function() return (ctx.signals:next()) end do session.forward(ctx, name) end
  end)
  local health, handles = watch_inside(ctx, loop)
  if ctx.console then ctx.console:join(loop, function(name) session.forward(ctx, name) end) end
  loop:on_quiet(forget_making)
  loop:run()
  if health then health:close() end
  for _, handle in pairs(handles) do handle:close() end
  if ctx.console then ctx.console:drain(function() move(ctx, loop, "stdout") return not ctx.full end) end
  finish(ctx)
  local status, signal = how_it_ended(ctx)
  local result = { status = status, signal = signal, oom = limits.oom_kills(ctx), log_lost = ctx.lost }
  ctx.process:close()
  -- The last kill may have been its own end.
  result.oom_untold = result.oom > 0 and require("tiny.memory_events").told(ctx, result.oom) or nil
  session.clear(ctx)
  return result
end

-- Tells the recipe how it ended, once; by then that is on record.
function session.tell_end(ctx, result)
  if ctx.told then return end
  ctx.told = true
  if result.oom_untold then call_back(ctx, "on_oom", result.oom) end
  call_back(ctx, "on_exit", result.status, result.signal)
end

return session
