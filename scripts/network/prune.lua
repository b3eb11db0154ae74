-- Removes every network that nobody uses.
local format = require "tiny.format"

return {
  summary = "Remove all networks that no container uses",
  about = "Containers that are not running count too: they would need their network to start again.",
  run = function()
    local store, users = require "tiny.net.store", require "tiny.client.network_users"
    local wanted = users.wanted()
    for _, network in ipairs(store.list()) do
      if network.name ~= store.DEFAULT and not wanted[network.name] then format.line(require "tiny.client.network_remove"(network.name)) end
    end
  end,
}
