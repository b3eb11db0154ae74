-- publish: a router with a container behind it. Published ports are reachable from a second machine, from the router
-- and over its loopback address, by TCP and UDP, IPv4 and IPv6, until the handle is closed. The loopback address
-- remains the router's own.
local check = require "check"
local sockets = require "sockets"
sockets.needed()

local router <close> = tiny.netns()
local web <close> = tiny.netns()
local machine <close> = tiny.netns()
local here = { netns = router }
local br <close> = tiny.bridge("td0", { netns = router, addr = "10.10.0.1/24" })
tiny.veth_pair({ name = "web", netns = router, bridge = br },
  { name = "eth0", netns = web, addr = "10.10.0.2/24", gateway = "10.10.0.1" })
tiny.veth_pair({ name = "wan", netns = router, addr = "10.20.0.1/24" },
  { name = "eth0", netns = machine, addr = "10.20.0.2/24" })
tiny.link_set("lo", { netns = router, up = true })
tiny.sysctl("net.ipv4.ip_forward", 1, here)
tiny.sysctl("net.ipv4.conf.td0.route_localnet", 1, here)

local function reach(from, addr, o)
  o = o or {}
  return sockets.connect { from = from, to = web, addr = addr, proto = o.proto, port = o.port or 80, at_port = o.at_port or 8080 }
end

do
  local port <close> = tiny.publish("8080:10.10.0.2:80", here)
  check.equal(port.port, "8080:10.10.0.2:80")
  check.equal(port.kind, "published")
  check.equal(reach(machine, "10.20.0.1"), "10.20.0.2", "from a second machine, its address kept")
  assert(reach(router, "10.20.0.1"), "from the host by its own address")
  check.equal(reach(router, "127.0.0.1"), "10.10.0.1", "from the host over the loopback address")

  local dns <close> = tiny.publish("5353:10.10.0.2:53/udp", here)
  local udp = { proto = "udp", port = 53, at_port = 5353 }
  check.equal(reach(machine, "10.20.0.1", udp), "10.20.0.2", "udp from a second machine")
  check.equal(reach(router, "127.0.0.1", udp), "10.10.0.1", "udp over the loopback address")

  -- On one address, which has priority over all addresses.
  local one <close> = tiny.publish("10.20.0.1:8081:10.10.0.2:81/tcp", here)
  local all <close> = tiny.publish("8081:10.10.0.2:82", here)
  check.equal(reach(machine, "10.20.0.1", { port = 81, at_port = 8081 }), "10.20.0.2", "on one address")
  check.equal(reach(router, "10.10.0.1", { port = 82, at_port = 8081 }) ~= nil, true, "on the others")

  -- On the loopback address alone.
  local own <close> = tiny.publish("127.0.0.1:8082:10.10.0.2:80", here)
  check.equal(reach(router, "127.0.0.1", { at_port = 8082 }), "10.10.0.1", "on the loopback address")
  check.equal(reach(router, "10.20.0.1", { at_port = 8082 }), nil, "and on no other")
  check.equal(reach(machine, "10.20.0.1", { at_port = 8082 }), nil, "and from nowhere else")

  -- Equal port numbers are distinguished by protocol and address only.
  local err = check.fails("EEXIST", tiny.publish, "0.0.0.0:8080:10.10.0.3:80", here)
  assert(err.message:find("port 8080 leads to 10.10.0.2:80", 1, true), err.message)
  assert(err.hint:find("publish_del", 1, true), err.hint)
  tiny.publish("8080:10.10.0.2:80/udp", here):close()

  local listed = sockets.ruleset(router)
  if listed ~= "" then
    for _, line in ipairs {
      "elements = { tcp . 8080 counter packets 3 bytes 180 : 10.10.0.2 . 80", -- a connection is one packet
      "type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service",
      "dnat ip to meta l4proto . th dport map @any_v4",
    } do
      assert(listed:find(line, 1, true), line .. " is not in\n" .. listed)
    end
  end
end
check.equal(reach(machine, "10.20.0.1"), nil, "taken away")
check.equal(#tiny.published(here), 0)

tiny.try(function()
  local port <close> = tiny.publish("8080:10.10.0.2:80", here)
  check.equal(reach(machine, "10.20.0.1"), "10.20.0.2", "again")
  tiny.fail("the body fails")
end)
check.equal(#tiny.published(here), 0, "after a failing body")

-- A service on the router's loopback address is not reachable for neighbors (CVE-2020-8558).
local function loopback()
  tiny.route_add("127.0.0.9/32", { via = "10.10.0.1", netns = web }):keep()
  tiny.addr_add("lo", "127.0.0.9/32", here):keep()
  return sockets.connect { from = web, to = router, addr = "127.0.0.9" }
end
tiny.sysctl("net.ipv4.conf.eth0.route_localnet", 1, { netns = web })
check.equal(loopback(), nil, "the loopback address from the container")
tiny.publish_clear(here)
assert(sockets.connect { from = web, to = router, addr = "127.0.0.9" }, "without the table it would be open: the test is none")

-- IPv6.
tiny.addr_add("td0", "fd10::1/64", { netns = router, nodad = true }):keep()
tiny.addr_add("wan", "fd20::1/64", { netns = router, nodad = true }):keep()
tiny.addr_add("eth0", "fd20::2/64", { netns = machine, nodad = true }):keep()
tiny.addr_add("eth0", "fd10::2/64", { netns = web, nodad = true }):keep()
tiny.route_add("default", { via = "fd10::1", netns = web }):keep()
tiny.sysctl("net.ipv6.conf.all.forwarding", 1, here)
local six <close> = tiny.publish("8080:[fd10::2]:80", here)
check.equal(reach(machine, "fd20::1"), "fd20::2", "ipv6")
local only <close> = tiny.publish("[fd20::1]:8081:[fd10::2]:80", here)
check.equal(reach(machine, "fd20::1", { at_port = 8081 }), "fd20::2", "ipv6 on one address")

-- Many ports at once are one table, and adding the thousandth is as fast as the first.
for n = 1, 1000 do tiny.publish((20000 + n) .. ":10.10.0.2:80", here):keep() end
check.equal(#tiny.published(here), 1002)
check.equal(reach(machine, "10.20.0.1", { at_port = 21000 }), "10.20.0.2", "the last of a thousand")

-- A list in one step: all or none, also if the kernel needs several batches.
do
  local several <close> = tiny.publish({ "9001:10.10.0.2:80", "9001:10.10.0.2:80/udp", "9001:[fd10::2]:80" }, here)
  check.equal(table.concat(several.port, " "), "9001:10.10.0.2:80 9001:10.10.0.2:80/udp 9001:[fd10::2]:80")
  check.equal(#tiny.published(here), 1005)
  check.equal(reach(machine, "10.20.0.1", { at_port = 9001 }), "10.20.0.2", "one of a list")
  local list = {}
  for n = 1, 300 do list[n] = ("%d:10.10.0.2:80"):format(n == 300 and 9001 or 10000 + n) end
  local refused = check.fails("EEXIST", tiny.publish, list, here)
  assert(refused.message:find("port 9001 leads to 10.10.0.2:80", 1, true), refused.message)
  check.equal(#tiny.published(here), 1005, "none of them")
  list[300] = nil
  tiny.publish(list, here):close()
end
check.equal(#tiny.published(here), 1002, "the list went with its handle")
check.equal(#tiny.publish({}, here).port, 0)

-- Sixteen processes at once without a table; each removes its port and tries to remove the table.
local crowd = tiny.netns()
local children = {}
local gate, open = tiny.pipe()
for n = 1, 16 do
  children[n] = tiny.fork(function()
    open:close()
    gate:read()
    for _ = 1, 5 do
      tiny.publish((30000 + n) .. ":10.10.0.2:80", { netns = crowd }):close()
      tiny.try(tiny.publish_clear, { netns = crowd })
    end
    tiny.publish((30000 + n) .. ":10.10.0.2:80", { netns = crowd }):keep()
  end)
end
open:close()
for n, child in ipairs(children) do check.equal(child:wait(), 0, "publisher " .. n) end
check.equal(#tiny.published { netns = crowd }, 16)

-- A table means the same as a string: either removes what the other published.
do
  local here = { netns = router }
  local before = #tiny.published(here)
  local ways = { { port = 9100, addr = "10.10.0.2", to = 80 }, { host = "10.20.0.1", port = 9101, addr = "10.10.0.2", to = 53, proto = "udp" }, "9102:[fd10::2]:80" }
  local several <close> = tiny.publish(ways, here)
  check.equal(several.port, ways)
  check.equal(several.name, "9100:10.10.0.2:80 and 2 more")
  local shown = {}
  for _, way in ipairs(tiny.published(here)) do shown[way] = true end
  assert(shown["9100:10.10.0.2:80"] and shown["10.20.0.1:9101:10.10.0.2:53/udp"] and shown["9102:[fd10::2]:80"], tiny.json_encode(tiny.published(here)))
  tiny.publish_del({ "9100:10.10.0.2:80", { port = 9102, addr = "fd10::2", to = 80, proto = "tcp" } }, here)
  check.fails("ENOENT", tiny.publish_del, { port = 9101, addr = "10.10.0.2", to = 53, proto = "udp" }, here)
  tiny.publish_del({ host = "10.20.0.1", port = 9101, addr = "10.10.0.2", to = 53, proto = "udp" }, here)
  several:keep()
  check.equal(#tiny.published(here), before)
end
check.refuses('port: option "to" is missing: the destination port', tiny.publish, { port = 80, addr = "10.0.0.2" })
check.refuses('port: [2]: option "proto": "sctp" is not one of "tcp"|"udp"', tiny.publish, { "80:10.0.0.2:80", { port = 81, addr = "10.0.0.2", to = 80, proto = "sctp" } })
check.refuses("port: option \"port\": 70000 is not an integer from 1 to 65535", tiny.publish, { port = 70000, addr = "10.0.0.2", to = 80 })
check.refuses('addr: "web" is not an address', tiny.publish, { port = 80, addr = "web", to = 80 })
check.refuses('"80:10.0.0.3:80" is in the list twice', tiny.publish, { "80:10.0.0.2:80", { port = 80, addr = "10.0.0.3", to = 80 } })
check.refuses('"80" is not a published port, such as "8080:10.10.0.2:80" or "53:10.10.0.2:53/udp"', tiny.publish, "80")
check.refuses('"80:10.0.0.2:80/sctp": the protocol is tcp or udp, not "sctp"', tiny.publish, "80:10.0.0.2:80/sctp")
check.refuses('"0.0.0.0:80:10.0.0.3:80/tcp" is in the list twice', tiny.publish, { "80:10.0.0.2:80", "0.0.0.0:80:10.0.0.3:80/tcp" })
check.refuses('unknown option "netn"; did you mean "netns"?', tiny.publish, "80:10.0.0.2:80", { netn = router })
check.inside({ user = true }, function()
  local refused = check.fails("EPERM", tiny.publish, "8080:10.10.0.2:80")
  assert(refused.hint:match("CAP_NET_ADMIN"), refused.hint)
end)
