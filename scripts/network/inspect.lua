-- Shows everything on record of networks, and who is in them.
local format = require "tiny.format"
local store = require "tiny.net.store"
local users = require "tiny.client.network_users"

return {
  summary = "Show everything on record of networks",
  args = { { "network", many = true, value = "NETWORK", complete = "networks", help = "Names, or beginnings of ids" } },
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
