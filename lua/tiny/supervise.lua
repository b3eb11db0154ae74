-- What stays with a running container: takes its output to the log and the terminal, hands signals
-- on, and records how it ended. The kernel tells what happens; nothing here asks in a loop.
local format = require "tiny.format"

local supervise = {}

local FORWARDED = { "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH" }

-- The container's streams as FIFOs. The container holds them open for reading and writing, so it
-- never gets SIGPIPE; the bytes wait for whoever reads.
function supervise.streams(ctx)
  ctx.streams, ctx.stdio = {}, {}
  for number, name in ipairs { "stdout", "stderr" } do
    local path = ctx.run .. "/" .. name
    tiny.mknod(path, "fifo", { mode = tonumber("600", 8) })
    ctx.stdio[number] = tiny.open(path, { read = true, write = true })
    ctx.streams[number] = { name = name, file = tiny.open(path, { read = true, nonblock = true }) }
  end
  ctx.stdio[0] = ctx.spec.interactive and tiny.stdio(0) or tiny.open("/dev/null")
end

-- Reads what a stream holds; gives it to the log, and to the terminal in the foreground.
local function drain(ctx, stream)
  while true do
    local bytes = stream.file:read()
    if not bytes then return end
    ctx.log:write(bytes, { stream = stream.name })
    if stream.echo then
      -- A reader that went away (`| head`) ends the echo, not the container.
      local _, gone = tiny.try(stream.echo.write, stream.echo, bytes)
      if gone then stream.echo = nil end
    end
    if #bytes < 65536 then return end
  end
end

-- Whether the process would act on a signal: as PID 1 it gets only those that it handles.
local function handles(pid, name)
  local status = tiny.read_file(("/proc/%d/status"):format(pid)) or ""
  local number = tiny.signal_number(name)
  for _, field in ipairs { "SigCgt", "SigBlk" } do
    local mask = tonumber(status:match(field .. ":%s*(%x+)") or "0", 16)
    if mask & (1 << (number - 1)) ~= 0 then return true end
  end
  return false
end
supervise.handles = handles

-- A signal for the container. PID 1 ignores what it has no handler for (pid_namespaces(7)), so a
-- second Ctrl-C ends it for certain.
local function forward(ctx, name)
  local fatal = name == "SIGINT" or name == "SIGTERM" or name == "SIGQUIT"
  if fatal and ctx.asked then
    tiny.try(tiny.kill, ctx.child, "SIGKILL")
    return
  end
  if fatal and not handles(ctx.child.pid, name) then
    ctx.asked = true
    format.note("the container's PID 1 has no handler for %s, so the kernel drops it; once more ends it with SIGKILL", name)
  end
  tiny.try(tiny.kill, ctx.child, name)
end

-- Waits until the container has ended; returns its status and the signal that killed it.
function supervise.loop(ctx)
  local handles_of = { ctx.child, ctx.streams[1].file, ctx.streams[2].file, ctx.signals }
  while true do
    local ended = false
    for _, ready in ipairs(tiny.poll(handles_of)) do
      if ready == ctx.child then
        ended = true
      elseif ready == ctx.signals then
        for name in function() return ctx.signals:next() end do forward(ctx, name) end
      else
        drain(ctx, ready == ctx.streams[1].file and ctx.streams[1] or ctx.streams[2])
      end
    end
    if ended then break end
  end
  -- All its processes are dead (PID 1 was the last): what the FIFOs hold is the rest.
  for _, stream in ipairs(ctx.streams) do drain(ctx, stream) end
  ctx.log:finish()
  return ctx.child:wait()
end

function supervise.take_signals(ctx)
  ctx.signals = tiny.signals(FORWARDED)
end

return supervise
