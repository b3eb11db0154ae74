-- Shows the files that a container changed in its view of the host or of its image.
local state = require "tiny.state"

return {
  summary = "Show the files that a container changed",
  section = "Containers",
  order = 117,
  about = "A is added, C changed, D deleted. A container with --rootfs changes its rootfs directly, so there is nothing to list.",
  options = { require("tiny.cli.changes").format },
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" } },
  run = function(args)
    local container = state.find(args.container)
    if not tiny.stat(container.dir .. "/upper") then
      tiny.fail { message = container.config.name .. " has its own rootfs", hint = "its changes are in " .. tostring(container.config.rootfs) }
    end
    require("tiny.cli.changes").print(require "tiny.client.changes"(container), args.format)
  end,
}
