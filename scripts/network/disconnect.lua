-- Disconnects a container from a network.
return {
  summary = "Disconnect a container from a network",
  order = 5,
  options = { { "force", short = "f", type = "flag", help = "For scripts written for docker: a container that does not run is disconnected anyway" } },
  args = {
    { "network", value = "NETWORK", complete = "networks", help = "Network name" },
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
  },
  run = function(args)
    require("tiny.client.network_connect").disconnect(require("tiny.state").find(args.container), args.network)
  end,
}
