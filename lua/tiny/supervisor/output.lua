-- A container's output on its way through the supervisor: the FIFOs that it writes to, the log, and
-- whoever is shown it meanwhile.
local format = require "tiny.format"

local output = {}

local STREAMS = { "stdout", "stderr" }
-- How a message to the audience begins.
local LETTERS = { stdout = "o", stderr = "e" }

local function driver(spec)
  return spec.log and spec.log.driver or "json"
end

-- The container's streams as FIFOs. It opens them for reading and writing (tiny.stdio), so it never gets
-- SIGPIPE; the bytes wait for whoever reads.
function output.streams(ctx, options)
  ctx.stdio, ctx.fifos = {}, {}
  for number, name in ipairs(STREAMS) do
    if driver(ctx.spec) == "passthrough" then
      ctx.stdio[number] = require("tiny.pipeline.logging").pass(options, number)
    else
      tiny.mknod(ctx.run .. "/" .. name, "fifo", { mode = tonumber("600", 8) })
      ctx.fifos[number] = name
    end
  end
  -- Without input it has its own null device (tiny.stdio).
  if not ctx.spec.interactive or ctx.spec.tty then return end
  if not options.detached then
    options.input = options.input or require("tiny.pipeline.stdio").input()
    options.passed = options.passed or {}
    options.passed[0] = options.input.outlet
    ctx.stdio[0], ctx.input = options.passed[0], options.input
  else
    -- Whoever attaches writes into it, one after the other; its end never comes.
    tiny.mknod(ctx.run .. "/stdin", "fifo", { mode = tonumber("600", 8) })
    ctx.fifos[0] = "stdin"
  end
end

-- Who attaches to a container without a log is shown what comes by the supervisor itself.
local function open_audience(record)
  local audience, err = tiny.try(require("tiny.supervisor.attach_clients").open, record.run .. "/attach")
  if err then format.note("%s: nobody can attach to it: %s", record.config.name, err.message) end
  return audience
end

-- What takes the output; nothing where it goes to the caller's own.
function output.open(ctx)
  local log, record = ctx.spec.log or {}, ctx.record
  if driver(ctx.spec) == "passthrough" then return end
  if driver(ctx.spec) == "none" then
    ctx.pump = require("tiny.pipeline.logging").sink(ctx.run)
    -- A terminal has an audience of its own. This one stays over restarts.
    if not ctx.spec.tty then record.audience = record.audience or open_audience(record) end
    return
  end
  ctx.pump = tiny.pump(ctx.dir .. "/container.log", { dir = ctx.run, max_size = log.max_size, max_files = log.max_files })
end

-- Shows bytes at the terminal. What goes wrong there ends the showing, not the container: of a reader
-- that went away (`| head`) nothing is said.
local function echo(ctx, stream, bytes)
  local file = ctx.echo[stream]
  if not file then return end
  local _, err = tiny.try(file.write, file, bytes)
  if not err then return end
  ctx.echo[stream] = nil
  if err.code ~= "EPIPE" then format.note("%s: its %s is no longer shown: %s", ctx.name, stream, err.message) end
end

-- The lines of a stream for the recipe, and what calls it back with one.
local function lines_of(ctx, stream)
  ctx.lines = ctx.lines or {}
  ctx.lines[stream] = ctx.lines[stream] or require("tiny.base.lines").new()
  return ctx.lines[stream]
end

local function teller(ctx, stream)
  local call_back = require "tiny.supervisor.callback"
  return function(line, partial) call_back(ctx, "on_log", line, stream, partial) end
end

-- Hands bytes to the terminal and to the recipe.
local function show(ctx, stream, bytes)
  if bytes == "" then return end
  echo(ctx, stream, bytes)
  if ctx.record.audience then ctx.record.audience:put(LETTERS[stream], bytes) end
  if ctx.spec.on_log then lines_of(ctx, stream):put(bytes, teller(ctx, stream)) end
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

local function follow(ctx, stream)
  ctx.loop:on(ctx.pump[stream], function() output.move(ctx, stream) end)
end

-- Looks at a stream again after that many seconds.
local function pause(ctx, stream, seconds)
  ctx.loop:off(ctx.pump[stream])
  ctx.loop:after(seconds, function()
    if not ctx.held then follow(ctx, stream) end
  end)
end

-- Moves what a stream holds. A full disk is waited out: the container blocks when its FIFO is full;
-- or, where the container is not to wait, its output is dropped. Returns whether there is room.
function output.move(ctx, stream)
  local audience = ctx.record.audience
  -- Who has come before these bytes sees them.
  if audience then audience:accept() end
  local keep = (ctx.echo[stream] or ctx.spec.on_log or audience) and true or false
  local more, bytes, count = tiny.try(ctx.pump.move, ctx.pump, stream, { keep = keep })
  if more ~= nil then
    ctx.full = nil
    if not more and (count or 0) > BURST then pause(ctx, stream, MOMENT) end
    if keep then show(ctx, stream, bytes) end
    return true
  end
  local dropping = ctx.spec.log and ctx.spec.log.on_full == "drop"
  if not ctx.full then
    format.note("%s: its log cannot be written, its output %s: %s", ctx.name, dropping and "is dropped" or "waits", tostring(bytes))
  end
  ctx.full = true
  if dropping then drop(ctx, stream, keep) else pause(ctx, stream, 1) end
  return false
end

-- Waits with reading as long as somebody in the audience is behind.
local function balance(ctx)
  local held = ctx.record.audience:behind()
  if held == (ctx.held or false) then return end
  ctx.held = held
  for _, stream in ipairs(STREAMS) do
    if held then ctx.loop:off(ctx.pump[stream]) else follow(ctx, stream) end
  end
end

-- Takes part in the supervisor's loop.
function output.join(ctx, loop)
  if not ctx.pump then return end
  ctx.loop = loop
  for _, stream in ipairs(STREAMS) do follow(ctx, stream) end
  if ctx.record.audience then ctx.record.audience:join(loop, { changed = function() balance(ctx) end }) end
end

-- All its processes are dead (PID 1 was the last): what the FIFOs hold is the rest.
function output.finish(ctx)
  if not ctx.pump then return end
  for _, stream in ipairs(STREAMS) do
    local _, bytes = tiny.try(ctx.pump.finish, ctx.pump, stream, { keep = true })
    if type(bytes) == "string" then
      show(ctx, stream, bytes)
      if ctx.spec.on_log then lines_of(ctx, stream):finish(teller(ctx, stream)) end
    else
      format.note("%s: the end of its %s is not in the log: %s", ctx.name, stream, tostring(bytes))
    end
    local file = ctx.echo[stream]
    if file then tiny.try(file.finish, file) end
  end
  ctx.pump:close()
end

-- What a dead supervisor had taken and not yet put into the log, of a container that has ended too. What
-- was still in its FIFOs ended with it. Returns whether it keeps a log, of which something may be missing.
function output.salvage(record)
  if record.config.remove or driver(record.config) ~= "json" then return false end
  local ctx = { dir = record.dir, run = record.run, record = record, spec = { log = record.config.log }, echo = {}, name = record.config.name }
  local _, err = tiny.try(output.open, ctx)
  -- A reboot took them away.
  if not err then
    output.finish(ctx)
  elseif err.code ~= "ENOENT" then
    format.note("%s: the end of its output is not in the log: %s", ctx.name, err.message)
  end
  return true
end

return output
