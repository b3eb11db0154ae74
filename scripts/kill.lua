-- Sends a signal to containers.
local each = require("tiny.cli.options").each
local events = require "tiny.store.events"
local state = require "tiny.state"

return {
  summary = "Send a signal to PID 1 of containers",
  section = "Containers",
  order = 121,
  options = { { "signal", short = "s", type = "signal", default = "KILL", help = "Signal name or number" } },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    local number = tiny.signal_number(args.signal)
    return each(args.container, function(container, name)
      container = state.settled(container, require("tiny.client.unresponsive").PATIENCE) or container
      local process <close> = container.state.status == "running" and state.process(container) or nil
      if not process then tiny.fail { message = container.config.name .. " is not running", hint = "`tinylua ps` lists running containers" } end
      -- Emitted first, so that it precedes the event of the end that the signal causes.
      events.emit(container, "kill", { signal = number })
      tiny.kill(process, number)
      return name
    end)
  end,
}
