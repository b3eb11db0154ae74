-- Shows the files that a container changed, compared with the host's or its image's.
local rootless = require "tiny.base.rootless"
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
    local config = container.config
    -- The record says "host" or "image" for the others.
    if not config.from_image and config.rootfs and config.rootfs ~= "host" then
      tiny.fail { message = config.name .. " has its own rootfs", hint = "its changes are in " .. config.rootfs }
    end
    -- It has not started.
    if not tiny.stat(container.dir .. "/upper") then return end
    local function show() require("tiny.cli.changes").print(require "tiny.client.changes"(container), args.format) end
    -- Files of the container's users belong to other ids.
    if rootless.is() then rootless.apart(show) else show() end
  end,
}
