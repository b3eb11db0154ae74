-- A container's output in the supervisor: the FIFOs that it writes to, the log, and the clients that follow it.
local format = require "tiny.format"

local output = {}

local STREAMS = { "stdout", "stderr" }
-- The first letter of a message to the audience.
local LETTERS = { stdout = "o", stderr = "e" }

local function driver(spec)
  return spec.log and spec.log.driver or "json"
end

-- The container's streams as FIFOs. The container opens them for reading and writing (tiny.stdio), so it never gets SIGPIPE; the
-- data waits for a reader.
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
  -- Without input, it has a null device of its own (tiny.stdio).
  if not ctx.spec.interactive or ctx.spec.tty then return end
  if not options.detached then
    options.input = options.input or require("tiny.pipeline.stdio").input()
    options.passed = options.passed or {}
    options.passed[0] = options.input.outlet
    ctx.stdio[0], ctx.input = options.passed[0], options.input
  else
    -- Clients write into it, one after the other; it never reports an end of file.
    tiny.mknod(ctx.run .. "/stdin", "fifo", { mode = tonumber("600", 8) })
    ctx.fifos[0] = "stdin"
  end
end

-- For a container without a log, the supervisor itself sends the output to clients.
local function open_audience(record)
  local audience, err = tiny.try(require("tiny.supervisor.attach_clients").open, record.run .. "/attach")
  if err then format.note("%s: clients cannot attach to it: %s", record.config.name, err.message) end
  return audience
end

-- The limit of the output, if there is one.
local function bound(ctx)
  ctx.bound = ctx.spec.max_output and require("tiny.supervisor.output_limit").open(ctx)
end

-- Opens the output's destination; there is none if the output goes directly to the caller's.
function output.open(ctx)
  local log, record = ctx.spec.log or {}, ctx.record
  if driver(ctx.spec) == "passthrough" then return end
  if driver(ctx.spec) == "none" then
    ctx.pump = require("tiny.pipeline.logging").sink(ctx.run)
    -- A terminal has its own audience. This one stays open across restarts.
    if not ctx.spec.tty then record.audience = record.audience or open_audience(record) end
    return bound(ctx)
  end
  local limits = require("tiny.pipeline.logging").limits_of(log)
  limits.dir = ctx.run
  ctx.pump = tiny.pump(ctx.dir .. "/container.log", limits)
  bound(ctx)
end

-- Writes bytes to the caller's output. An error ends the echo; if its reader is gone (`| head`), `reader_gone` decides what
-- follows.
local function echo(ctx, stream, bytes)
  local file = ctx.echo[stream]
  if not file then return end
  local _, err = tiny.try(file.write, file, bytes)
  if not err then return end
  ctx.echo[stream] = nil
  if err.code == "EPIPE" then
    ctx.echo.gone = true
    if ctx.reader_gone then ctx.reader_gone() end
  else
    format.note("%s: its %s is no longer shown: %s", ctx.name, stream, err.message)
  end
end

-- The line splitter of a stream for the recipe's on_log.
local function lines_of(ctx, stream)
  ctx.lines = ctx.lines or {}
  ctx.lines[stream] = ctx.lines[stream] or require("tiny.base.lines").new()
  return ctx.lines[stream]
end

local function teller(ctx, stream)
  local call_back = require "tiny.supervisor.callback"
  return function(line, partial) call_back(ctx, "on_log", line, stream, partial) end
end

-- Passes bytes to the terminal, the clients and the recipe.
local function show(ctx, stream, bytes)
  if bytes == "" then return end
  echo(ctx, stream, bytes)
  if ctx.record.audience then ctx.record.audience:put(LETTERS[stream], bytes) end
  if ctx.spec.on_log then lines_of(ctx, stream):put(bytes, teller(ctx, stream)) end
end

-- Drops output that the log cannot take; the log records how much once it is writable again.
local function drop(ctx, stream, keep)
  local _, bytes, count = ctx.pump:drop(stream, { keep = keep })
  ctx.lost = (ctx.lost or 0) + count
  if keep then show(ctx, stream, bytes) end
end

-- A read of more lines than this is a burst: the FIFO then gets time to fill, since each turn costs about as much for one line
-- as for thousands.
local BURST, MOMENT = 4096, 0.001

local function follow(ctx, stream)
  ctx.loop:on(ctx.pump[stream], function() output.move(ctx, stream) end)
end

-- Reads a stream again after this many seconds.
local function pause(ctx, stream, seconds)
  ctx.loop:off(ctx.pump[stream])
  ctx.loop:after(seconds, function()
    if not ctx.held then follow(ctx, stream) end
  end)
end

-- Moves a stream's data to the log. If the disk is full, either the container blocks once its FIFO is full, or, with
-- on_full = "drop", its output is dropped. Returns whether there is room.
function output.move(ctx, stream)
  local audience = ctx.record.audience
  -- Clients that connected before these bytes get them.
  if audience then audience:accept() end
  local keep, limit = (ctx.echo[stream] or ctx.spec.on_log or audience) and true or false, ctx.bound
  if limit and limit.left == 0 then
    limit:discard(stream)
    return true
  end
  local more, bytes, count = tiny.try(ctx.pump.move, ctx.pump, stream, { keep = keep, most = limit and limit.left or nil })
  if more ~= nil then
    ctx.full = nil
    if limit then limit:count(count) end
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

-- Pauses reading while a client is behind.
local function balance(ctx)
  local held = ctx.record.audience:behind()
  if held == (ctx.held or false) then return end
  ctx.held = held
  for _, stream in ipairs(STREAMS) do
    if held then ctx.loop:off(ctx.pump[stream]) else follow(ctx, stream) end
  end
end

-- Joins the supervisor's loop.
function output.join(ctx, loop)
  if not ctx.pump then return end
  ctx.loop = loop
  for _, stream in ipairs(STREAMS) do follow(ctx, stream) end
  if ctx.record.audience then ctx.record.audience:join(loop, { changed = function() balance(ctx) end }) end
end

-- Moves the rest of the output up to the limit, and discards what exceeds it.
local function finish_limited(ctx)
  for _, stream in ipairs(STREAMS) do
    local before
    repeat
      before = ctx.bound.seen
      output.move(ctx, stream)
    until ctx.bound.seen == before
  end
end

-- All its processes are dead (PID 1 was the last): reads what is left in the FIFOs.
function output.finish(ctx)
  if not ctx.pump then return end
  if ctx.bound then finish_limited(ctx) end
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

-- After the container and its supervisor have ended, saves output that the supervisor had read but not yet logged. Data in the
-- FIFOs is lost. Returns whether the container keeps a log, which may then be incomplete.
function output.salvage(record)
  if record.config.remove or driver(record.config) ~= "json" then return false end
  local ctx = { dir = record.dir, run = record.run, record = record, spec = { log = record.config.log }, echo = {}, name = record.config.name }
  local _, err = tiny.try(output.open, ctx)
  -- A reboot removed the files.
  if not err then
    output.finish(ctx)
  elseif err.code ~= "ENOENT" then
    format.note("%s: the end of its output is not in the log: %s", ctx.name, err.message)
  end
  return true
end

return output
