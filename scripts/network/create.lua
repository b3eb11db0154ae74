-- Makes a network.
return {
  summary = "Make a network",
  about = "Without --subnet it gets the first range from 10.10.0.0/24 on that neither the host's routes nor another\n"
    .. "network have. The bridge is made when the first container joins, and goes with the last.",
  options = {
    { "subnet", value = "CIDR", help = "Its range of addresses, such as 10.20.0.0/24" },
    { "gateway", value = "ADDRESS", help = "The bridge's own address [default: the first of the range]" },
    { "ipv6", type = "flag", help = "Give it an IPv6 range too" },
    { "subnet6", value = "CIDR", help = "That range, such as fd20::/64; implies --ipv6" },
    { "gateway6", value = "ADDRESS", help = "The bridge's IPv6 address" },
    { "internal", type = "flag", help = "Cut it off from other networks, the world and the host's services" },
    { "no-isolate", type = "flag", help = "Let other networks and the host's neighbours reach unpublished ports too" },
    { "mtu", type = "integer", value = "BYTES", help = "The largest packet [default: 1500]" },
    { "label", short = "l", many = true, value = "K=V", help = "A label" },
  },
  args = { { "name", value = "NAME", help = "What it is called" } },
  run = function(args)
    local network = require("tiny.net.store").create {
      name = args.name, subnet = args.subnet, gateway = args.gateway, ipv6 = args.ipv6, subnet6 = args.subnet6,
      gateway6 = args.gateway6, internal = args.internal, isolate = not args.no_isolate, mtu = args.mtu, labels = require("tiny.spec.pairs").labels(args.label, {}),
    }
    require("tiny.format").line(network.name)
  end,
}
