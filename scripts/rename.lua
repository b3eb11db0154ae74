-- Renames a container.
local state = require "tiny.state"

return {
  summary = "Rename a container",
  section = "Containers",
  order = 123,
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
    { "name", value = "NAME", help = "The new name" },
  },
  run = function(args)
    require("tiny.spec.values").check_name(args.name)
    local container = state.find(args.container)
    local old = container.config.name
    state.rename(container, args.name)
    if old == args.name then return end
    require("tiny.client.network_connect").rename(container.id, old)
    require("tiny.store.events").emit(container, "rename", { old_name = old })
  end,
}
