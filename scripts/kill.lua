-- Sends a signal to containers.
local each = require("tiny.cli.options").each
local events = require "tiny.store.events"
local state = require "tiny.state"

return {
  summary = "Send a signal to the PID 1 of containers",
  options = { { "signal", short = "s", type = "signal", default = "KILL", help = "Which signal, by name or number" } },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    local number = tiny.signal_number(args.signal)
    return each(args.container, function(container, name)
      container = state.settled(container, require("tiny.client.unresponsive").PATIENCE) or container
      local process <close> = container.state.status == "running" and state.process(container) or nil
      if not process then tiny.fail { message = container.config.name .. " is not running", hint = "`tinylua ps` lists those that run" } end
      -- Before it: the end that it brings is told after it.
      events.emit(container, "kill", { signal = number })
      tiny.kill(process, number)
      return name
    end)
  end,
}
