-- Shows the configuration of networks and the containers in them.
local format = require "tiny.format"
local store = require "tiny.net.store"
local users = require "tiny.client.network_users"

return {
  summary = "Show the configuration of networks and the containers in them",
  order = 3,
  args = { { "network", many = true, value = "NETWORK", complete = "networks", help = "Names or id prefixes" } },
  run = function(args)
    local all, used = {}, users.all()
    for i, ref in ipairs(args.network) do
      local network = store.find(ref)
      network.containers = used[network.name]
      all[i] = network
    end
    format.json(all)
  end,
}
