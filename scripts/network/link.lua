-- Pulls a container's cable, and puts it in again.
local store = require "tiny.net.store"

return {
  summary = "Take a container's cable down, or bring it up",
  about = "For trying what happens when a link fails: the container keeps its interface and its addresses.",
  args = {
    { "network", value = "NETWORK", complete = "networks", help = "A network's name" },
    { "container", value = "CONTAINER", complete = "containers", help = "A container's name, or the beginning of its id" },
    { "state", choices = { "up", "down" }, value = "up|down", help = "What the cable shall be" },
  },
  run = function(args)
    local container, network = require("tiny.state").find(args.container), store.find(args.network)
    for _, entry in ipairs(container.state.networks or {}) do
      if entry.network == network.name then
        tiny.link_set(entry.link, { [args.state] = true })
        return
      end
    end
    tiny.fail { message = ("%s has no cable in network %s"):format(container.config.name, network.name), hint = "is it running? tinylua network inspect " .. network.name, exit = 125 }
  end,
}
