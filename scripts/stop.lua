-- Stops running containers.
local at_once = require("tiny.cli.options").at_once
local format = require "tiny.format"
local stop = require "tiny.client.stop"

return {
  summary = "Stop running containers",
  about = "Sends SIGTERM, or the container's --stop-signal, waits, then sends SIGKILL. Prints the name of each container that it stopped.\n"
    .. "Several are stopped at once. A supervisor that then does not answer within 10 seconds, because a callback of its recipe\n"
    .. "never returns or nobody reads its output, is killed as well.",
  options = { { "time", short = "t", type = "duration", help = "How long before SIGKILL [default: the container's, or 10s]" } },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    return at_once(args.container, function(container, name)
      if stop(container, args.time) then return name end
      format.note("%s is not running", container.config.name)
    end)
  end,
}
