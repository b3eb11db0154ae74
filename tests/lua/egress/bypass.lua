-- Ways around the rules of egress, tried by root with CAP_NET_ADMIN and CAP_NET_RAW in a container: each fails fast, no packet
-- reaches the world, and one is reported.
local check = require "check"
local dns = require "dns"
local rig = require "egress_rig"
local wires = require "wires"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE }, AAAA = { rig.SIX } } }
local c = rig.container("c", { "api.test:443", "192.0.2.0/24:5432", "0.0.0.0/0:8443", "[::/0]:8443" }, "--cap-add", "NET_ADMIN", "--cap-add", "NET_RAW")
-- An unprivileged user's containers are on no common network, and only one with rules has the same link.
local other = rig.container("other", rig.network ~= "six" and { "none" } or nil)
local say, done = wires.tally()
local METADATA, METADATA6 = "169.254.169.254", "fd00:ec2::254"

local FAST = 100 -- milliseconds
local function refused(what, addr, port, from)
  local before = rig.packets()
  local code, time = rig.connect(from or c, addr, port)
  say(what, code == "ok" and "ok" or "refused", "refused")
  say(what .. ": fast", time < FAST or time, true)
  say(what .. ": packets", rig.packets() - before, 0)
end

-- Literals, also in disguise; other name servers, DNS over TLS, other ports; the host's addresses and services, the gateway,
-- the metadata services, another container.
refused("an address that no name has", "192.0.2.80", 443)
refused("a listed name that was not asked for", rig.ONE, 443)
refused("the same by IPv6", rig.SIX, 443)
refused("the port beside a range", "192.0.2.80", 22)
refused("IPv4 in IPv6", "::ffff:" .. rig.ONE, 443)
refused("6to4", "2002:c633:6407::1", 443)
refused("NAT64", "64:ff9b::c633:6407", 443)
refused("NAT64 in a range", "64:ff9b::a9fe:a9fe", 8443)
refused("6to4 in a range", "2002:a9fe:a9fe::1", 8443)
refused("TCP to a name server", rig.DNS, 53)
refused("DNS over TLS", rig.ONE, 853)
for _, port in ipairs { 22, 80, 443, 8443 } do
  for _, addr in ipairs { rig.HOST, rig.HOST2, rig.HOST6, c.gateway } do refused("the host " .. addr .. " port " .. port, addr, port) end
end
refused("metadata", METADATA, 80)
refused("metadata in a range", METADATA, 8443)
refused("metadata by IPv6", METADATA6, 80)
refused("metadata by IPv6 in a range", METADATA6, 8443)
refused("another container", other.addr, 8443)
refused("another container by IPv6", other.addr6, 443)
for _, case in ipairs { { rig.DNS, 53 }, { rig.ONE, 443 }, { rig.SIX, 443 }, { c.gateway, 53 }, { METADATA, 80 } } do
  local before = rig.packets()
  say("UDP to " .. case[1], rig.udp(c, case[1], case[2], "200ms") ~= "ok", true)
  say("UDP to " .. case[1] .. ": packets", rig.packets() - before, 0)
end
-- pasta does not pass on that the world refuses it.
say("the range itself", rig.connect(c, "192.0.2.80", 5432) ~= "ETIMEDOUT" or rig.network == "pasta", true)
say("a range for all addresses", rig.connect(c, rig.ONE, 8443), "ok")
for _, wanted in ipairs { { addr = rig.ONE, port = 443, protocol = "tcp", by = "packet" }, { addr = METADATA, port = 80, reason = "metadata" }, { addr = rig.SIX, port = 443, protocol = "udp" },
  { addr = c.gateway, port = 22 } } do
  say("a denial of " .. wanted.addr, rig.denied(c, wanted) ~= nil, true)
end

-- After a name was pinned, nothing else of its address is reachable.
rig.lookup(c, "api.test")
say("pinned", rig.connect(c, rig.ONE, 443), "ok")
refused("another port of a pinned address", rig.ONE, 853)
say("QUIC to a pinned address", rig.udp(c, rig.ONE, 443, "200ms") ~= "ok", true)

-- What the container's root sends by hand: from other addresses, MAC addresses and protocols, with source routes and fragments.
-- Each has a mark, which no one may see.
local host_mac
for _, link in ipairs(tiny.links { netns = c.router }) do
  for _, cidr in ipairs(link.addrs) do
    if cidr:match("^[^/]+") == c.gateway then host_mac = link.mac_address end
  end
end
local MAC = wires.ip(c.netns, "-o link show eth0"):match("link/ether (%S+)")
local function ip4(from, to, protocol, payload, offset)
  local head = string.pack(">BBI2I2I2BBI2", 0x45, 0, 20 + #payload, 7, offset or 0, 64, protocol, 0) .. tiny.parse_addr(from) .. tiny.parse_addr(to)
  local total = 0
  for i = 1, 20, 2 do total = total + string.unpack(">I2", head, i) end
  total = (total & 0xffff) + (total >> 16)
  return head:sub(1, 10) .. string.pack(">I2", ~total & 0xffff) .. head:sub(13) .. payload
end
local function ip6(from, to, protocol, payload) return string.pack(">I4I2BB", 6 << 28, #payload, protocol, 64) .. tiny.parse_addr(from) .. tiny.parse_addr(to) .. payload end
local echo = string.pack(">BBI2I2I2", 8, 0, 0, 1, 1) .. "mark-echo"
local datagram = string.pack(">I2I2I2I2", 4000, 53, 8 + 9, 0) .. "mark-frag"
local frames = {
  wires.frame(host_mac, MAC, 0x0800, ip4(c.addr, "192.0.2.80", 1, echo)),
  wires.frame(host_mac, MAC, 0x0800, ip4(c.addr, "192.0.2.80", 132, string.pack(">I2I2I4I4", 5000, 443, 0, 0) .. "mark-sctp")),
  wires.frame(host_mac, MAC, 0x0800, ip4(c.addr, "192.0.2.80", 47, "\0\0\8\0mark-gre")),
  wires.frame(host_mac, MAC, 0x0800, ip4(c.addr, "192.0.2.80", 4, ip4("10.9.9.9", rig.ONE, 17, datagram))),
  wires.frame(host_mac, MAC, 0x0800, wires.udp("10.10.0.99", rig.ONE, 443, "mark-spoof")),
  wires.frame(host_mac, MAC, 0x0800, wires.udp(other.addr, rig.ONE, 443, "mark-sibling")),
  wires.frame(host_mac, "02:42:0a:0a:00:77", 0x0800, wires.udp(c.addr, rig.ONE, 443, "mark-mac")),
  wires.frame(host_mac, MAC, 0x0800, ip4(c.addr, rig.ONE, 17, datagram:sub(1, 8), 0x2000)),
  wires.frame(host_mac, MAC, 0x0800, ip4(c.addr, rig.ONE, 17, datagram:sub(9), 1)),
  wires.frame(host_mac, MAC, 0x86dd, wires.icmp6(c.addr6, rig.SIX, 128, "\0\1\0\1mark-echosix")),
  wires.frame(host_mac, MAC, 0x86dd, wires.icmp6(c.addr6, rig.SIX, 135, "\0\0\0\0" .. tiny.parse_addr(rig.SIX) .. "mark-neighbor")),
  wires.frame(host_mac, MAC, 0x86dd, ip6(c.addr6, rig.SIX, 43, "\17\0\0\0\0\0\0\0" .. datagram)),
  wires.frame(host_mac, MAC, 0x86dd, ip6(c.addr6, rig.SIX, 44, "\17\0\0\1\0\0\0\7" .. datagram:sub(1, 8))),
  wires.frame(host_mac, MAC, 0x86dd, wires.udp("fd10:10::99", rig.SIX, 443, "mark-spoofsix")),
  -- A segment of a connection that never was, to a listed address and to others.
  wires.frame(host_mac, MAC, 0x0800, ip4(c.addr, "192.0.2.80", 6, string.pack(">I2I2I4I4BBI2I2I2", 4001, 443, 1, 1, 0x50, 0x12, 1000, 0, 0) .. "mark-loose")),
}
local seen = wires.seen(rig.world.netns, function()
  say("frames are sent", wires.send(c, table.unpack(frames)), "")
  tiny.poll({}, "200ms")
  local socket <close> = tiny.udp_bind("0.0.0.0:0")
  socket:send("mark-end", rig.ONE .. ":9")
end)
say("seen in the world", seen, "mark-end ")

-- To other members of the network, directly and to all.
if rig.network == "six" then
  local other_mac = wires.ip(other.netns, "-o link show eth0"):match("link/ether (%S+)")
  seen = wires.seen(other.netns, function()
    wires.send(c, wires.frame(other_mac, MAC, 0x0800, wires.udp(c.addr, other.addr, 9, "mark-direct")), wires.frame("ff:ff:ff:ff:ff:ff", MAC, 0x0800, wires.udp(c.addr, "255.255.255.255", 9, "mark-all")),
      wires.frame("33:33:00:00:00:01", MAC, 0x86dd, wires.udp(c.addr6, "ff02::1", 9, "mark-many")))
    wires.send(other, wires.frame(other_mac, other_mac, 0x0800, wires.udp(other.addr, other.addr, 9, "mark-end")))
    local socket <close> = tiny.udp_bind("0.0.0.0:0")
    socket:send("mark-end", other.addr .. ":9")
  end)
  say("seen by another container", seen, "mark-end ")
end

-- Its own tables, addresses and routes change nothing.
check.run { "exec", "c", "sh", "-c", "nft flush ruleset; ip addr add 192.0.2.200/32 dev eth0; ip rule add from all lookup main; ip link set eth0 mtu 9000; true" }
refused("after changes inside", "192.0.2.80", 443)
local direct = dns.udp(dns.query("hidden.test", "A"), { netns = c.netns, server = rig.DNS, wait = 0.3 })
say("another name server", direct, nil)
done()

check.succeeds("rm", "-f", "c", "other")
rig.down()
check.equal(require("sockets").ruleset(), "", "nothing is left")
