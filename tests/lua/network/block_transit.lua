-- block_transit: only traffic from and to the named links, replies and published ports are forwarded.
local check = require "check"
local sockets = require "sockets"
sockets.needed()

local router <close> = tiny.netns()
local places = {}
for n, name in ipairs { "lan", "vpn", "td9" } do
  places[name] = tiny.netns()
  tiny.veth_pair({ name = name, netns = router, addr = { ("10.%d.0.1/24"):format(n), ("fd0%d::1/64"):format(n) }, nodad = true },
    { name = "eth0", netns = places[name], addr = { ("10.%d.0.2/24"):format(n), ("fd0%d::2/64"):format(n) }, nodad = true, gateway = { ("10.%d.0.1"):format(n), ("fd0%d::1"):format(n) } })
end
tiny.sysctl("net.ipv4.ip_forward", 1, { netns = router })
tiny.sysctl("net.ipv6.conf.all.forwarding", 1, { netns = router })

local function passes(from, to, addr, port) return sockets.connect { from = places[from], to = places[to], addr = addr, at_port = port } ~= nil end
check.equal(passes("lan", "vpn", "10.2.0.2"), true, "before")
do
  local block <close> = tiny.block_transit({ "td" }, { name = "t", family = "ipv4", netns = router })
  check.equal(block.kind .. block.name, "transitt")
  check.equal(passes("lan", "vpn", "10.2.0.2"), false, "between others")
  check.equal(passes("lan", "vpn", "fd02::2"), true, "the other family")
  check.equal(passes("td9", "lan", "10.1.0.2"), true, "from an own link, and the answers")
  check.equal(passes("lan", "td9", "10.3.0.2"), true, "to an own link")
  local published <close> = tiny.publish("8080:10.2.0.2:7000", { netns = router })
  check.equal(passes("lan", "vpn", "10.1.0.1", 8080), true, "a published port")
  local six <close> = tiny.block_transit({ "td", "tb" }, { name = "t6", family = "ipv6", netns = router })
  check.equal(passes("lan", "vpn", "fd02::2"), false, "IPv6")
  check.fails("EEXIST", tiny.block_transit, {}, { name = "t6", family = "ipv6", netns = router })
end
tiny.publish_clear { netns = router }
check.equal(passes("lan", "vpn", "10.2.0.2"), true, "after")
check.equal(sockets.ruleset(router), "", "no table is left")

check.refuses('option "family": expected "ipv4" or "ipv6"', tiny.block_transit, {}, { name = "t", family = "ip" })
check.refuses('own: [1]: "a b" is not a link name: it must not contain spaces, "/", ":" or "%"', tiny.block_transit, { "a b" }, { name = "t", family = "ipv4" })
