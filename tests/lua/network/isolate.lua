-- isolate: nothing is forwarded from or to the bridge; its own ports still reach each other.
local check = require "check"
local sockets = require "sockets"
sockets.needed()

local router <close> = tiny.netns()
local one <close> = tiny.netns()
local other <close> = tiny.netns()
local outside <close> = tiny.netns()
local br <close> = tiny.bridge("td0", { netns = router, addr = "10.10.0.1/24" })
for name, place in pairs { one = { one, "10.10.0.2/24" }, other = { other, "10.10.0.3/24" } } do
  tiny.veth_pair({ name = name, netns = router, bridge = br },
    { name = "eth0", netns = place[1], addr = place[2], gateway = "10.10.0.1" })
end
tiny.veth_pair({ name = "wan", netns = router, addr = "10.20.0.1/24" },
  { name = "eth0", netns = outside, addr = "10.20.0.2/24", gateway = "10.20.0.1" })
tiny.sysctl("net.ipv4.ip_forward", 1, { netns = router })

local out = { from = one, to = outside, addr = "10.20.0.2" }
local back = { from = outside, to = one, addr = "10.10.0.2" }
local beside = { from = one, to = other, addr = "10.10.0.3" }
-- A datagram needs no reply: whether one arrives outside.
local ear <close> = tiny.udp_bind("10.20.0.2:7100", { netns = outside })
local mouth <close> = tiny.udp_bind("10.10.0.2:0", { netns = one })
local function arrives(wait)
  tiny.try(mouth.send, mouth, "out", "10.20.0.2:7100")
  local came = #tiny.poll({ ear }, wait) > 0
  if came then ear:receive() end
  return came
end
check.equal(sockets.connect(out), "10.10.0.2", "before")
check.equal(arrives("10s"), true, "a datagram, before")
do
  local apart <close> = tiny.isolate(br)
  check.equal(apart.name, "td0")
  check.equal(apart.kind, "isolation")
  check.equal(sockets.connect(out), nil, "out")
  check.equal(arrives("300ms"), false, "a datagram")
  check.equal(sockets.connect(back), nil, "back")
  check.equal(sockets.connect(beside), "10.10.0.2", "to a neighbour")
  check.equal(sockets.connect { from = router, to = one, addr = "10.10.0.2" }, "10.10.0.1", "from the router")
  local err = check.fails("EEXIST", tiny.isolate, br)
  assert(err.hint:match("isolate_del"), err.hint)
  local second <close> = tiny.isolate("td1", { name = "second", netns = router })
end
do
  local apart <close> = tiny.isolate(br, { outbound = true })
  check.equal(sockets.connect(out), "10.10.0.2", "outbound: out")
  check.equal(sockets.connect(back), nil, "outbound: back")
  check.equal(sockets.connect(beside), "10.10.0.2", "outbound: to a neighbour")
  local published <close> = tiny.publish("8080:10.10.0.2:7000", { netns = router })
  local by_port = { from = outside, to = one, addr = "10.20.0.1", at_port = 8080 }
  check.equal(sockets.connect(by_port), "10.20.0.2", "outbound: a published port")
  local host = { from = one, to = router, addr = "10.10.0.1" }
  check.equal(sockets.connect(host), "10.10.0.2", "outbound: the router's own services")
  local closed <close> = tiny.isolate(br, { closed = true, name = "closed" })
  check.equal(sockets.connect(host), nil, "closed: the router's own services")
  check.equal(sockets.connect { from = router, to = one, addr = "10.10.0.2" }, "10.10.0.1", "closed: from the router")
end
tiny.publish_clear { netns = router }
check.equal(sockets.connect(out), "10.10.0.2", "after")
check.equal(sockets.connect(back), "10.20.0.2", "after")
check.equal(sockets.ruleset(router), "", "no table is left")

tiny.try(function()
  local apart <close> = tiny.isolate("td0", { netns = router })
  check.equal(sockets.connect(out), nil, "again")
  tiny.fail("the body fails")
end)
check.equal(sockets.ruleset(router), "", "after a failing body")

check.refuses('bridge: "a b" is not a link name: it must not contain spaces, "/", ":" or "%"', tiny.isolate, "a b")
check.refuses('"a b" is not a nat name: 1 to 100 letters, digits, ".", "_" or "-"', tiny.isolate, "td0", { name = "a b" })
