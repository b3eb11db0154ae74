-- A container with a raw socket and control of its interface can send only from its own MAC and IP addresses: it cannot
-- send, answer ARP or neighbor discovery, or update the bridge's forwarding table under another address.
local check = require "check"
local net = require "networked"
local sockets = require "sockets"
local wires = require "wires"
net.needs()
sockets.needed()

check.succeeds("network", "create", "blue", "--subnet", "10.20.0.0/24", "--subnet6", "fd20::/64")
local evil = wires.container("evil", "--network", "blue", "--cap-add", "NET_RAW", "--cap-add", "NET_ADMIN", "-p", "8080:80", "sleep", "100")
local meek = wires.container("meek", "--network", "blue", "sleep", "100")
local victim = wires.container("victim", "--network", "blue", "sleep", "100")
local BRIDGE, ALL, GROUP = "02:42:0a:14:00:01", "ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:03"
local IP4, ARP, IP6 = 0x0800, 0x0806, 0x86dd
local tally, judge = wires.tally()

check.equal(wires.send(meek, "x"), "socket: Operation not permitted\n", "without NET_RAW")

-- Addresses of others, to a service of the host.
for what, of in pairs { IPv4 = { IP4, "10.20.0.1", victim.addr, evil.addr, "10.20.0.77", "127.0.0.1", "0.0.0.0" }, IPv6 = { IP6, "fd20::1", victim.addr6, evil.addr6, "fd20::77", "fd30::2" } } do
  local kind, to, own = of[1], of[2], of[4]
  local ear <close> = tiny.udp_bind(to:find(":") and "[::]:9" or "0.0.0.0:9")
  local function from(addr, mac, dest)
    wires.send(evil, wires.frame(dest or BRIDGE, mac or evil.mac_address, kind, wires.udp(addr, to, 9, "spoof")))
    local text, by = wires.received(ear)
    return text and by or "nothing"
  end
  tally(what .. ": its own address", from(own) ~= "nothing", true)
  for i = 3, #of do
    if of[i] ~= own then tally(what .. " from " .. of[i], from(of[i]), "nothing") end
  end
  tally(what .. ": its own address, another's MAC", from(own, victim.mac_address), "nothing")
  tally(what .. ": by the bridge's group", from(victim[kind == IP4 and "addr" or "addr6"], nil, GROUP), "nothing")
end
-- A service on the host's loopback, while route_localnet is on for published ports.
do
  local ear <close> = tiny.udp_bind("127.0.0.1:9")
  check.equal(tiny.sysctl("net.ipv4.conf.all.route_localnet") .. #tiny.published(), "02")
  wires.send(evil, wires.frame(BRIDGE, evil.mac_address, IP4, wires.udp(evil.addr, "127.0.0.1", 9, "spoof")))
  tally("the host's loopback", wires.received(ear), nil)
end
-- The same through the interface's own settings.
wires.ip(evil.netns, "addr add 10.20.0.88/24 dev eth0")
do
  local ear <close> = tiny.udp_bind("0.0.0.0:9")
  local mouth <close> = tiny.udp_bind("10.20.0.88:0", { netns = evil.netns })
  tiny.try(mouth.send, mouth, "spoof", "10.20.0.1:9")
  tally("an address that it gave itself", wires.received(ear), nil)
end
wires.ip(evil.netns, "addr del 10.20.0.88/24 dev eth0")
-- And over an additional link, if the kernel has this type.
wires.ip(evil.netns, "link add link eth0 name mv0 type macvlan 2>/dev/null && ip link set mv0 up && ip addr add 10.20.0.99/32 dev mv0 && ip route add 10.20.0.1/32 dev mv0 src 10.20.0.99")
local child <close> = tiny.try(tiny.udp_bind, "10.20.0.99:0", { netns = evil.netns }) or nil
if child then
  local ear <close> = tiny.udp_bind("0.0.0.0:9")
  child:send("spoof", "10.20.0.1:9")
  tally("a macvlan of its own", wires.received(ear), nil)
  wires.ip(evil.netns, "link del mv0")
end

-- The bridge learns the port of a MAC address from incoming frames.
local function delivered()
  local ear <close> = tiny.udp_bind("0.0.0.0:9", { netns = victim.netns })
  local mouth <close> = tiny.udp_bind("10.20.0.1:0")
  mouth:send("for the victim", victim.addr .. ":9")
  return wires.received(ear)
end
local function speak() -- the victim's own frames restore the entry
  wires.connects(victim.netns, nil, "10.20.0.1")
end
speak()
wires.send(evil, wires.frame(ALL, victim.mac_address, IP4, wires.udp(evil.addr, "10.20.0.255", 9, "x")))
tally("after another's MAC as sender", delivered(), "for the victim")
speak()
wires.send(evil, wires.frame(GROUP, victim.mac_address, 0x88b5, "x"))
tally("after another's MAC as sender, to the bridge's group", delivered(), "for the victim")
speak()

-- Neighbor tables: the victim's entry for the gateway, and the host's entry for the victim.
wires.connects(victim.netns, nil, "fd20::1")
local function at(netns, addr)
  return wires.ip(netns, "neigh show " .. addr):match("lladdr (%S+)")
end
check.equal(at(victim.netns, "10.20.0.1"), BRIDGE, "the gateway before")
check.equal(at(victim.netns, "fd20::1"), BRIDGE, "the IPv6 gateway before")
tiny.poll({}, "1100ms") -- a recent entry is not changed (arp_locktime)
local function arp(addr, mac, to, to_addr)
  return wires.frame(to, evil.mac_address, ARP, wires.arp(mac, addr, to, to_addr))
end
wires.send(evil, arp("10.20.0.1", evil.mac_address, victim.mac_address, victim.addr), wires.frame(ALL, evil.mac_address, ARP, wires.arp(evil.mac_address, "10.20.0.1", ALL, "10.20.0.1")))
tally("the gateway by ARP", at(victim.netns, "10.20.0.1"), BRIDGE)
wires.send(evil, arp(victim.addr, evil.mac_address, BRIDGE, "10.20.0.1"), wires.frame(ALL, evil.mac_address, ARP, wires.arp(evil.mac_address, victim.addr, ALL, victim.addr)))
tally("the victim by ARP", at(nil, victim.addr), victim.mac_address)
wires.send(evil, wires.frame(victim.mac_address, evil.mac_address, ARP, wires.arp("02:00:00:00:00:66", evil.addr, victim.mac_address, victim.addr)))
tally("a MAC that is not its own, in ARP", (at(victim.netns, evil.addr) or ""):find("66", 1, true), nil)
for name, from in pairs { ["its own address"] = evil.addr6, ["the gateway's"] = "fd20::1" } do
  wires.send(evil, wires.frame(victim.mac_address, evil.mac_address, IP6, wires.claim(from, victim.addr6, "fd20::1", evil.mac_address)))
  tally("the IPv6 gateway, claimed from " .. name, at(victim.netns, "fd20::1"), BRIDGE)
  wires.send(evil, wires.frame(BRIDGE, evil.mac_address, IP6, wires.claim(from == "fd20::1" and victim.addr6 or from, "fd20::1", victim.addr6, evil.mac_address)))
  tally("the victim, claimed to the host from " .. name, at(nil, victim.addr6), victim.mac_address)
end

-- Other protocols, tags, and a packet that is hidden by a tag.
local function marked(mark, to) return wires.udp(evil.addr, to or victim.addr, 9, "mark-" .. mark) end
local seen = wires.seen(victim.netns, function()
  wires.send(evil, wires.frame(ALL, evil.mac_address, 0x88b5, "mark-experiment"),
    wires.frame(ALL, evil.mac_address, 0x8100, "\0\5\8\0" .. marked("tag")), wires.frame(ALL, evil.mac_address, 0x8100, "\0\0\8\0" .. marked("priority")),
    wires.frame(ALL, evil.mac_address, 0x8864, "mark-pppoe"), wires.frame("01:80:c2:00:00:00", evil.mac_address, 32, "\x42\x42\3mark-stp"),
    wires.frame(victim.mac_address, evil.mac_address, IP4, marked("end")))
end)
tally("what the victim sees", seen, "mark-end ")

check.succeeds("rm", "-f", "evil", "meek", "victim")
check.succeeds("network", "prune")
judge()
check.no_container()
net.nothing_left()
