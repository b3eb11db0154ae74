-- Joins a container to one more network.
return {
  summary = "Join a container to one more network",
  options = {
    { "ip", value = "ADDRESS", help = "Its address there" },
    { "ip6", value = "ADDRESS", help = "Its IPv6 address there" },
    { "mac-address", value = "MAC", help = "Its hardware address there" },
    { "alias", many = true, value = "NAME", help = "One more name by which that network knows it" },
  },
  args = {
    { "network", value = "NETWORK", complete = "networks", help = "A network's name" },
    { "container", value = "CONTAINER", complete = "containers", help = "A container's name, or the beginning of its id" },
  },
  run = function(args)
    local wish = { name = args.network, ip = args.ip, ip6 = args.ip6, mac = args.mac_address, aliases = #args.alias > 0 and args.alias or nil }
    require("tiny.client.network_connect").connect(require("tiny.state").find(args.container), wish)
  end,
}
