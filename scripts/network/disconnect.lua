-- Takes a container off a network.
return {
  summary = "Take a container off a network",
  args = {
    { "network", value = "NETWORK", complete = "networks", help = "A network's name" },
    { "container", value = "CONTAINER", complete = "containers", help = "A container's name, or the beginning of its id" },
  },
  run = function(args)
    require("tiny.client.network_connect").disconnect(require("tiny.state").find(args.container), args.network)
  end,
}
