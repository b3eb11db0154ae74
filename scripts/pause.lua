-- Freezes every process of containers.
local each = require("tiny.options").each
local events = require "tiny.events"
local limits = require "tiny.limits"

return {
  summary = "Freeze every process of containers",
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    return each(args.container, function(container, name)
      limits.with(container, tiny.freeze)
      events.emit(container, "pause")
      return name
    end)
  end,
}
