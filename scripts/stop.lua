-- Stops running containers.
local at_once = require("tiny.cli.options").at_once
local format = require "tiny.format"
local stop = require "tiny.client.stop"

return {
  summary = "Stop running containers",
  section = "Containers",
  order = 105,
  about = "Sends SIGTERM, or the container's --stop-signal, waits, then sends SIGKILL. Several containers are stopped in parallel.\n"
    .. "Prints the name of each container that it stopped. If a supervisor does not respond within 10 seconds after that,\n"
    .. "because a callback of its recipe does not return or its output is not read, it is killed too.",
  options = {
    { "time", short = "t", alias = "timeout", type = "duration", help = "Time to wait before SIGKILL [default: that of the container, or 10s]" },
    { "signal", short = "s", type = "signal", help = "Signal to send first [default: that of the container, or SIGTERM]" },
  },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    return at_once(args.container, function(container, name)
      if stop(container, args.time, { signal = args.signal }) then return name end
      format.note("%s is not running", container.config.name)
    end)
  end,
}
