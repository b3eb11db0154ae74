-- Discards what a container changed in its copy-on-write folders.
local changes_of = require "tiny.client.changes_of"

return {
  summary = "Discard a container's changes to its copy-on-write folders",
  section = "Containers",
  order = 127,
  about = "The folders of the host are not changed. What is discarded cannot be restored.",
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
    { "path", many = true, required = false, value = "PATH", help = "Only these files, and what is in these directories" },
  },
  run = function(args)
    local container = changes_of.find(args.container)
    changes_of.at_rest(container, function(now)
      local changes = require "tiny.cow.changes"
      local named = args.path and args.path[1]
      changes.discard(now, named and changes.select(now, changes.list(now), args.path) or nil)
    end)
  end,
}
