-- Starts a container, and shows its output from its beginning until it has ended; returns its status.
local attach = require "tiny.client.attach"
local run = require "tiny.client.run"
local state = require "tiny.state"

-- Passes a signal on to the container's present process.
local function pass(container, name)
  local now = state.load(container.id)
  local process <close> = now and state.process(now) or nil
  if process then tiny.try(tiny.kill, process, name) end
end

return function(name, args)
  local container = state.find(name)
  if container.state.status == "running" then return attach.to(container, { no_stdin = not args.interactive, keys = args.detach_keys }) end
  if container.config.tty or require("tiny.pipeline.logging").driver(container.config) ~= "json" then
    run.start(container)
    return attach.to(state.find(container.id), { no_stdin = not args.interactive, keys = args.detach_keys })
  end
  local signals <close> = tiny.signals { "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT" }
  local function on_signals()
    for name in function() return (signals:next()) end do pass(container, name) end
  end
  -- Reading begins at the present end of the log, so that nothing of this run is missed.
  return require("tiny.client.logs").attach(container, { signals = signals, on_signals = on_signals }, function()
    run.start(container)
    return args.interactive and attach.feed(container) or nil
  end)
end
