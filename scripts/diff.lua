-- Shows the files that a container changed, compared with the host's or its image's.
local format = require "tiny.format"
local rootless = require "tiny.base.rootless"
local state = require "tiny.state"

local function show(container)
  local rows, skipped = require "tiny.inspect.changes"(container)
  if #rows > 0 then format.table(nil, rows) end
  for reason, what in pairs(skipped) do
    format.note("skipped because %s: /%s%s", reason, format.clean(what.first), what.more > 0 and (" and %d more"):format(what.more) or "")
  end
end

return {
  summary = "Show the files that a container changed",
  section = "Containers",
  order = 117,
  about = "A is added, C changed, D deleted. A container with --rootfs changes its rootfs directly, so there is nothing to list.",
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
    -- Files of the container's users belong to other ids.
    if config.from_image or rootless.is() then rootless.apart(function() show(container) end) else show(container) end
  end,
}
