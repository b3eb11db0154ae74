-- Restarts containers.
local each = require("tiny.cli.options").each
local events = require "tiny.store.events"
local run = require "tiny.client.run"

return {
  summary = "Restart containers",
  section = "Containers",
  order = 107,
  options = {
    { "time", short = "t", alias = "timeout", type = "duration", help = "Time to wait before SIGKILL [default: that of the container, or 10s]" },
    { "signal", short = "s", type = "signal", help = "Signal to send first [default: that of the container, or SIGTERM]" },
  },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  seal = true,
  run = function(args)
    return each(args.container, function(container, name)
      run.restart(container, args.time, args.signal)
      events.emit(container, "restart")
      return name
    end)
  end,
}
