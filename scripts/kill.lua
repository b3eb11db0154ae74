-- Sends a signal to containers.
local each = require("tiny.cli.options").each

return {
  summary = "Send a signal to PID 1 of containers",
  section = "Containers",
  order = 121,
  about = "SIGKILL and the container's stop signal end it for good: its restart policy does not start it again, and if it is paused,\n"
    .. "it is resumed, since a frozen process does not act on signals.",
  options = { { "signal", short = "s", type = "signal", default = "KILL", help = "Signal name or number" } },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    local number = tiny.signal_number(args.signal)
    return each(args.container, function(container, name)
      require "tiny.client.kill"(container, number)
      return name
    end)
  end,
}
