-- Stops and starts containers.
local each = require("tiny.options").each
local events = require "tiny.events"
local manage = require "tiny.manage"
local state = require "tiny.state"
local stop = require "tiny.stop"

return {
  summary = "Stop containers and start them again",
  options = { { "time", short = "t", type = "duration", help = "How long before SIGKILL [default: the container's, or 10s]" } },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    return each(args.container, function(container, name)
      stop(container, args.time)
      manage.start(state.find(container.id))
      events.emit(container, "restart")
      return name
    end)
  end,
}
