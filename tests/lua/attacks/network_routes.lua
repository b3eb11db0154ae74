-- A router advertisement from a container adds a route neither to the host nor to a neighbor, by whichever path it is
-- sent. The bridge accepts no redirects and no packets whose replies would take another interface.
local check = require "check"
local net = require "networked"
local sockets = require "sockets"
local wires = require "wires"
net.needs()
sockets.needed()

-- If a network has IPv6, the host forwards it, and then ignores router advertisements.
local evil = wires.container("evil", "--network", "bridge", "--cap-add", "NET_RAW", "sleep", "100")
check.succeeds("network", "create", "blue", "--subnet", "10.20.0.0/24", "--subnet6", "fd20::/64", "--internal")
local sly = wires.container("sly", "--network", "blue", "--cap-add", "NET_RAW", "sleep", "100")
local victim = wires.container("victim", "--network", "blue", "sleep", "100")
local tally, judge = wires.tally()
check.equal(tiny.sysctl("net.ipv6.conf.all.forwarding"), "0", "forwarding of IPv6")

local MAC = "02:00:00:00:00:66"
for what, to in pairs { ["to all nodes"] = "33:33:00:00:00:01", ["by the bridge's group"] = "01:80:c2:00:00:03", ["to the bridge"] = "02:42:0a:0a:00:01" } do
  for whose, from in pairs { own = evil.mac_address, another = MAC } do
    wires.send(evil, wires.frame(to, from, 0x86dd, wires.advertisement("fe80::66", from)))
    tally(("an advertisement %s, from %s MAC"):format(what, whose), wires.ip(nil, "-6 route show default"), "")
    os.execute("while ip -6 route del default 2>/dev/null; do :; done")
  end
end

-- In a network with IPv6, from the container's own address, and behind an extension header.
local own = wires.ip(sly.netns, "-6 addr show dev eth0 scope link"):match("inet6 (fe80[^/]*)")
local plain = wires.advertisement(own, sly.mac_address)
local hidden = plain:sub(1, 4) .. string.pack(">I2BB", #plain - 40 + 8, 60, 255) .. plain:sub(9, 40) .. string.pack(">BBBBI4", 58, 0, 1, 4, 0) .. plain:sub(41)
for what, packet in pairs { plain = plain, ["behind an extension header"] = hidden } do
  wires.send(sly, wires.frame("33:33:00:00:00:01", sly.mac_address, 0x86dd, packet))
  tally("an advertisement to a neighbour, " .. what, wires.ip(victim.netns, "-6 route show default"), "")
  tally("an advertisement to the host, " .. what, wires.ip(nil, "-6 route show default"), "")
  sockets.inside(victim.netns, function() os.execute("while ip -6 route del default 2>/dev/null; do :; done") end)
end
tally("an answer by a link-local address", wires.ip(victim.netns, ("-6 neigh show %s"):format(own)):find("FAILED", 1, true), nil)
local ear <close> = tiny.udp_bind("[::]:9", { netns = victim.netns })
wires.send(sly, wires.frame(victim.mac_address, sly.mac_address, 0x86dd, wires.udp(own, victim.addr6, 9, "hello")))
tally("a packet from its own link-local address", wires.received(ear), "hello")

local bridge = tiny.json_decode(check.succeeds("network", "inspect", "blue"))
for _, name in ipairs { "td0", (bridge[1] or bridge).bridge } do
  for key, want in pairs {
    ["ipv6.conf.%s.accept_ra"] = "0", ["ipv6.conf.%s.accept_redirects"] = "0", ["ipv4.conf.%s.accept_redirects"] = "0",
    ["ipv4.conf.%s.accept_source_route"] = "0", ["ipv4.conf.%s.rp_filter"] = "1",
  } do
    tally(key:format(name), tiny.sysctl("net." .. key:format(name)), want)
  end
end

-- The host's end of a veth pair accepts nothing at all.
for _, link in ipairs(tiny.links()) do
  if link.name:match("^tl") then
    tally(link.name .. " without IPv6", tiny.sysctl(("net.ipv6.conf.%s.disable_ipv6"):format(link.name)), "1")
    tally(link.name .. " strict", tiny.sysctl(("net.ipv4.conf.%s.rp_filter"):format(link.name)), "1")
  end
end

check.succeeds("rm", "-f", "evil", "sly", "victim")
check.succeeds("network", "prune")
judge()
check.no_container()
net.nothing_left()
