-- Lets frozen containers go on.
local each = require("tiny.options").each
local events = require "tiny.events"
local limits = require "tiny.limits"

return {
  summary = "Let paused containers go on",
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    return each(args.container, function(container, name)
      limits.with(container, tiny.thaw)
      events.emit(container, "unpause")
      return name
    end)
  end,
}
