-- Pauses containers.
local each = require("tiny.cli.options").each
local events = require "tiny.store.events"
local with_cgroup = require "tiny.client.cgroup"

return {
  summary = "Pause all processes of containers",
  section = "Containers",
  order = 119,
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    return each(args.container, function(container, name)
      with_cgroup(container, tiny.cgroup_freeze)
      events.emit(container, "pause")
      return name
    end)
  end,
}
