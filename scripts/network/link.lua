-- Sets the link of a container down or up.
local store = require "tiny.net.store"

return {
  summary = "Set the link of a container in a network up or down",
  order = 7,
  about = "Use it to test link failures. The container keeps its interface and addresses.",
  args = {
    { "network", value = "NETWORK", complete = "networks", help = "Network name" },
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
    { "state", choices = { "up", "down" }, value = "up|down", help = "New state of the link" },
  },
  run = function(args)
    local container, network = require("tiny.state").find(args.container), store.find(args.network)
    for _, entry in ipairs(container.state.networks or {}) do
      if entry.network == network.name then
        tiny.link_set(entry.link, { up = args.state == "up" })
        return
      end
    end
    tiny.fail { message = ("%s has no link in network %s"):format(container.config.name, network.name), hint = "is it running? tinylua network inspect " .. network.name, exit = 125 }
  end,
}
