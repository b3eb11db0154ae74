-- nat: three namespaces, client, router and server. The server sees the router's address, published ports reach the
-- client, and nft(8) can list the table.
local check = require "check"
local sockets = require "sockets"
sockets.needed()

local ruleset = sockets.ruleset
local router <close> = tiny.netns()
local client <close> = tiny.netns()
local neighbour <close> = tiny.netns()
local server <close> = tiny.netns()
local br <close> = tiny.bridge("td0", { netns = router, addr = "10.10.0.1/24" })
for name, place in pairs { client = { client, "10.10.0.2/24" }, neighbour = { neighbour, "10.10.0.3/24" } } do
  tiny.veth_pair({ name = name, netns = router, bridge = br },
    { name = "eth0", netns = place[1], addr = place[2], gateway = "10.10.0.1" })
end
-- The server has no route to 10.10.0.0/24: without NAT it cannot reply.
tiny.veth_pair({ name = "wan", netns = router, addr = "10.20.0.1/24" },
  { name = "eth0", netns = server, addr = "10.20.0.2/24" })
tiny.link_set("lo", { netns = router, up = true })
tiny.sysctl("net.ipv4.ip_forward", 1, { netns = router })

local out = { from = client, to = server, addr = "10.20.0.2" }
check.equal(sockets.connect(out), nil, "without NAT")

do
  local nat <close> = tiny.nat {
    from = "10.10.0.0/24",
    publish = { "8080:10.10.0.2:80", "5353:10.10.0.2:53/udp", "10.20.0.1:8081:10.10.0.2:81" },
    netns = router,
  }
  check.equal(nat.name, "10.10.0.0-24")
  check.equal(sockets.connect(out), "10.20.0.1", "the server sees the router")
  check.equal(sockets.connect { from = client, to = neighbour, addr = "10.10.0.3" }, "10.10.0.2", "inside: as it is")

  local web = { to = client, port = 80, at_port = 8080 }
  web.from, web.addr = server, "10.20.0.1"
  check.equal(sockets.connect(web), "10.20.0.2", "published to the world")
  web.from, web.addr = neighbour, "10.20.0.1"
  check.equal(sockets.connect(web), "10.10.0.1", "published to a neighbour, answered by the same way")
  web.from, web.addr = router, "10.20.0.1"
  assert(sockets.connect(web), "published to the router itself")
  tiny.sysctl("net.ipv4.conf.td0.route_localnet", 1, { netns = router })
  web.addr = "127.0.0.1"
  check.equal(sockets.connect(web), "10.10.0.1", "published on the loopback address")

  local dns = { proto = "udp", from = server, to = client, addr = "10.20.0.1", port = 53, at_port = 5353 }
  check.equal(sockets.connect(dns), "10.20.0.2", "udp")
  local one = { from = server, to = client, addr = "10.20.0.1", port = 81, at_port = 8081 }
  check.equal(sockets.connect(one), "10.20.0.2", "on one address")
  one.from, one.addr = neighbour, "10.10.0.1"
  check.equal(sockets.connect(one), nil, "and on no other")

  local err = check.fails("EEXIST", tiny.nat, { from = "10.10.0.0/24", netns = router })
  assert(err.hint:match("nat_del"), err.hint)

  -- Another program's table is not changed, and nft lists ours like its own.
  local listed = ruleset(router)
  if listed ~= "" then
    for _, rule in ipairs {
      "ip saddr 10.10.0.0/24 ip daddr != 10.10.0.0/24 masquerade",
      "fib daddr type local tcp dport 8080 dnat ip to 10.10.0.2:80",
      "fib daddr type local udp dport 5353 dnat ip to 10.10.0.2:53",
      "ip daddr 10.20.0.1 tcp dport 8081 dnat ip to 10.10.0.2:81",
    } do
      assert(listed:find(rule, 1, true), rule .. " is not in\n" .. listed)
    end
  end
end
check.equal(sockets.connect(out), nil, "NAT is gone")
check.equal(ruleset(router), "", "no table is left")
check.fails("ENOENT", tiny.nat_del, "10.10.0.0-24", { netns = router })

tiny.try(function()
  local nat <close> = tiny.nat { from = "10.10.0.0/24", netns = router }
  check.equal(sockets.connect(out), "10.20.0.1", "again")
  tiny.fail("the body fails")
end)
check.equal(ruleset(router), "", "no table is left after a failing body")

-- hairpin alone: for ports that `publish` maps to the subnet.
do
  local nat <close> = tiny.nat { from = "10.10.0.0/24", hairpin = true, netns = router }
  local port <close> = tiny.publish("8080:10.10.0.2:80", { netns = router })
  local web = { from = neighbour, to = client, addr = "10.20.0.1", port = 80, at_port = 8080 }
  check.equal(sockets.connect(web), "10.10.0.1", "published to a neighbour")
end
tiny.publish_clear { netns = router }
do
  local nat <close> = tiny.nat { from = "10.10.0.0/24", hairpin = false, publish = { "8080:10.10.0.2:80" }, netns = router }
  check.equal(sockets.connect { from = server, to = client, addr = "10.20.0.1", port = 80, at_port = 8080 }, "10.20.0.2")
  -- The reply is sent directly to the neighbor, which accepts it if bridged traffic is filtered, and otherwise does
  -- not.
  local seen = sockets.connect { from = neighbour, to = client, addr = "10.20.0.1", port = 80, at_port = 8080 }
  assert(seen == nil or seen == "10.10.0.3", seen)
end

-- A segment without flags fits no connection. It is answered with a reset, or ignored with drop_invalid.
if os.execute("command -v python3 >/dev/null") then
  local SEND = [[
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
s.settimeout(0.5)
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
head = struct.pack("!HHIIBBHHH", 4000, 4001, 1, 0, 5 << 4, 0, 64, 0, 0)
pseudo = socket.inet_aton("10.20.0.2") + socket.inet_aton("10.20.0.1") + struct.pack("!BBH", 0, 6, len(head))
head = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
s.sendto(head, ("10.20.0.1", 0))
try:
    print("reset" if s.recv(100)[33] & 4 else "answer")
except socket.timeout:
    print("nothing")
]]
  local function answer()
    local from, into = tiny.pipe()
    local child <close> = tiny.clone({ net = server }, function()
      tiny.dup2(into, 1)
      tiny.exec { "python3", "-c", SEND }
    end)
    into:close()
    return from:read()
  end
  check.equal(answer(), "reset\n")
  local nat <close> = tiny.nat { from = "10.10.0.0/24", drop_invalid = true, netns = router }
  check.equal(answer(), "nothing\n")
  check.equal(sockets.connect(out), "10.20.0.1", "connections are made as before")
end

check.refuses('"publish" is the table of published ports, which is managed by `publish`', tiny.nat_del, "publish")
check.refuses('option "from" is missing: the subnet, such as "10.10.0.0/24"', tiny.nat, {})
check.refuses('option "publish": [1]: option "port" is missing: the port on the host', tiny.nat, { from = "10.10.0.0/24", publish = { { addr = "10.10.0.2", to = 80 } } })
check.refuses('option "publish": [1]: option "to": 0 is not an integer from 1 to 65535', tiny.nat, { from = "10.10.0.0/24", publish = { { port = 80, addr = "10.10.0.2", to = 0 } } })
check.refuses('option "publish": "80" is not a published port, such as "8080:10.10.0.2:80" or "53:10.10.0.2:53/udp"',
  tiny.nat, { from = "10.10.0.0/24", publish = { "80" } })
check.refuses('option "publish": "80:10.0.0.2:80/sctp": the protocol is tcp or udp, not "sctp"',
  tiny.nat, { from = "10.10.0.0/24", publish = { "80:10.0.0.2:80/sctp" } })
check.refuses('"a b" is not a nat name: 1 to 100 letters, digits, ".", "_" or "-"',
  tiny.nat, { from = "10.10.0.0/24", name = "a b" })
