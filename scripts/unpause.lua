-- Resumes paused containers.
local each = require("tiny.cli.options").each
local events = require "tiny.store.events"
local with_cgroup = require "tiny.client.cgroup"

return {
  summary = "Resume paused containers",
  section = "Containers",
  order = 120,
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    return each(args.container, function(container, name)
      with_cgroup(container, tiny.cgroup_thaw)
      events.emit(container, "unpause")
      return name
    end)
  end,
}
