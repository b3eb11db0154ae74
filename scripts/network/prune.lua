-- Removes all unused networks.
local format = require "tiny.format"

return {
  summary = "Remove all unused networks",
  order = 9,
  about = "A network that only stopped containers use is kept, because they need it to start again.",
  options = { { "force", short = "f", type = "flag", help = "For scripts written for docker: this command never asks" } },
  run = function()
    local store, users = require "tiny.net.store", require "tiny.client.network_users"
    local wanted = users.wanted()
    for _, network in ipairs(store.list()) do
      if network.name ~= store.DEFAULT and not wanted[network.name] then format.line(require "tiny.client.network_remove"(network.name)) end
    end
  end,
}
