-- Removes networks.
local format = require "tiny.format"

return {
  summary = "Remove networks",
  order = 8,
  options = { { "force", short = "f", type = "flag", help = "Disconnect its containers first" } },
  args = { { "network", many = true, value = "NETWORK", complete = "networks", help = "Names or id prefixes" } },
  run = function(args)
    local remove = require "tiny.client.network_remove"
    for _, ref in ipairs(args.network) do format.line(remove(ref, args.force)) end
  end,
}
