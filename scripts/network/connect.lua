-- Connects a container to a network.
return {
  summary = "Connect a container to a network",
  order = 4,
  options = {
    { "ip", value = "ADDRESS", help = "IPv4 address of the container" },
    { "ip6", value = "ADDRESS", help = "IPv6 address of the container" },
    { "mac-address", value = "MAC", help = "MAC address of the interface" },
    { "alias", many = true, value = "NAME", help = "Additional name of the container in this network" },
  },
  args = {
    { "network", value = "NETWORK", complete = "networks", help = "Network name" },
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
  },
  run = function(args)
    local options = { name = args.network, ip = args.ip, ip6 = args.ip6, mac_address = args.mac_address, aliases = #args.alias > 0 and args.alias or nil }
    require("tiny.client.network_connect").connect(require("tiny.state").find(args.container), options)
  end,
}
