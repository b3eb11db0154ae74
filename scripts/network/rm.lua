-- Removes networks that nobody uses.
local format = require "tiny.format"

return {
  summary = "Remove networks that no container uses",
  options = { { "force", short = "f", type = "flag", help = "Take its containers off it first" } },
  args = { { "network", many = true, value = "NETWORK", complete = "networks", help = "Names, or beginnings of ids" } },
  run = function(args)
    local remove = require "tiny.client.network_remove"
    for _, ref in ipairs(args.network) do format.line(remove(ref, args.force)) end
  end,
}
