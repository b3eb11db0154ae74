-- Freezes every process of containers.
local each = require("tiny.cli.options").each
local events = require "tiny.store.events"
local with_cgroup = require "tiny.client.cgroup"

return {
  summary = "Freeze every process of containers",
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    return each(args.container, function(container, name)
      with_cgroup(container, tiny.freeze)
      events.emit(container, "pause")
      return name
    end)
  end,
}
