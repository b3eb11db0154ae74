-- Stops and starts containers.
local each = require("tiny.cli.options").each
local events = require "tiny.store.events"
local run = require "tiny.client.run"

return {
  summary = "Stop containers and start them again",
  options = { { "time", short = "t", type = "duration", help = "How long before SIGKILL [default: the container's, or 10s]" } },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  seal = true,
  run = function(args)
    return each(args.container, function(container, name)
      run.restart(container, args.time)
      events.emit(container, "restart")
      return name
    end)
  end,
}
