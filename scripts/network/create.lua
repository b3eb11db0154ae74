-- Creates a network.
return {
  summary = "Create a network",
  order = 1,
  about = "The default subnet is the first one from 10.10.0.0/24 on that overlaps neither a route of the host nor another\n"
    .. "network. The bridge is created when the first container connects, and removed after the last one.",
  options = {
    { "driver", short = "d", choices = { "bridge" }, value = "DRIVER", help = "bridge, the only one" },
    { "subnet", value = "CIDR", help = "IPv4 subnet, such as 10.20.0.0/24" },
    { "gateway", value = "ADDRESS", help = "IPv4 address of the bridge [default: the first address of the subnet]" },
    { "ipv6", type = "flag", help = "Enable IPv6" },
    { "subnet6", value = "CIDR", help = "IPv6 subnet, such as fd20::/64; implies --ipv6" },
    { "gateway6", value = "ADDRESS", help = "IPv6 address of the bridge" },
    { "internal", type = "flag", help = "Block traffic to other networks, to the outside and to services of the host" },
    { "no-isolate", type = "flag", help = "Also allow other networks and neighbors of the host to reach unpublished ports" },
    { "mtu", type = "integer", value = "BYTES", help = "Maximum transmission unit [default: that of the host's default route]" },
    { "label", short = "l", many = true, value = "K=V", help = "Set a label" },
  },
  args = { { "name", value = "NAME", help = "Network name" } },
  run = function(args)
    local network = require("tiny.net.store").create {
      name = args.name, subnet = args.subnet, gateway = args.gateway, ipv6 = args.ipv6, subnet6 = args.subnet6,
      gateway6 = args.gateway6, internal = args.internal, isolate = not args.no_isolate, mtu = args.mtu, labels = require("tiny.spec.pairs").labels(args.label, {}),
    }
    require("tiny.format").line(network.name)
  end,
}
