-- Lists networks.
local format = require "tiny.format"
local store = require "tiny.net.store"
local users = require "tiny.client.network_users"

local function row(network, used)
  local range = network.subnet .. (network.subnet6 and ", " .. network.subnet6 or "")
  return { network.id, network.name, range, network.gateway, network.internal and "internal" or network.isolate == false and "open" or "nat", #(used[network.name] or {}) }
end

return {
  summary = "List networks",
  order = 2,
  options = {
    { "quiet", short = "q", type = "flag", help = "Print only names" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  run = function(args)
    local networks, used, rows = store.list(), users.all(), {}
    for _, network in ipairs(networks) do
      if args.quiet then format.line(network.name) end
      table.insert(rows, row(network, used))
    end
    if args.quiet then return end
    if args.format == "json" then return format.json(networks) end
    format.table({ "NETWORK ID", "NAME", "SUBNET", "GATEWAY", "KIND", "CONTAINERS" }, rows)
  end,
}
