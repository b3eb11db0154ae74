-- veth_pair: both ends are in their namespaces and up, a TCP connection works, and nothing leaks.
local check = require "check"
local sockets = require "sockets"

local function link(name, netns)
  for _, l in ipairs(tiny.links { netns = netns }) do
    if l.name == name then return l end
  end
end

local br <close> = tiny.bridge("td0", { addr = "10.10.0.1/24" })
local web <close> = tiny.netns()
local db <close> = tiny.netns()
local cable <close> = tiny.veth_pair({ name = "veth-web", bridge = br, mtu = 1400 },
  { name = "eth0", netns = web, addr = "10.10.0.2/24", gateway = "10.10.0.1", mac_address = "02:00:00:00:00:02", mtu = 1400 })
tiny.veth_pair({ name = "eth0", netns = db, addr = "10.10.0.3/24" }, { name = "veth-db", bridge = "td0" })

check.equal(link("veth-web").master, "td0")
check.equal(link("veth-web").up, true)
check.equal(link("veth-web").mtu, 1400)
local inner = link("eth0", web)
check.equal(inner.up, true)
check.equal(inner.kind, "veth")
check.equal(inner.mac_address, "02:00:00:00:00:02")
check.equal(inner.addrs[1], "10.10.0.2/24")
check.equal(link("veth-db").master, "td0", "the second end's bridge")
check.equal(link("veth-db").queues, 1)
do
  local wide <close> = tiny.veth_pair({ name = "ta0", queues = 2 }, { name = "tb0" })
  check.equal(link("ta0").queues, 2)
end
check.equal(sockets.default_gateway(web), "10.10.0.1")

-- Nothing remains if the last step fails, at either end.
local err = check.fails("ENETUNREACH", tiny.veth_pair, { name = "ta0" },
  { name = "eth1", netns = web, addr = "10.11.0.2/24", gateway = "10.12.0.1" })
check.equal(err.path, "eth1")
check.equal(link("ta0"), nil, "no leak")
check.equal(link("eth1", web), nil, "no leak in the namespace")
err = check.fails("EHOSTUNREACH", tiny.veth_pair, { name = "ta0" },
  { name = "eth1", netns = web, addr = "fd11::2/64", gateway = "fd12::1" })
check.equal(err.path, "eth1")
check.equal(link("ta0"), nil, "no leak")
err = check.fails("ENODEV", tiny.veth_pair, { name = "ta0", bridge = "nobridge" }, { name = "tb0" })
check.equal(err.path, "nobridge")
check.equal(link("ta0"), nil)
err = check.fails("EEXIST", tiny.veth_pair, { name = "ta0" }, { name = "eth0", netns = web })
check.equal(err.path, "eth0")
err = check.fails("EEXIST", tiny.veth_pair, { name = "veth-web" }, { name = "eth9", netns = web })
check.equal(err.path, "veth-web")

check.refuses('first: unknown option "adr"; did you mean "addr"?', tiny.veth_pair, { name = "a", adr = "" }, { name = "b" })
check.refuses("second: option \"name\" is missing: the end's name, at most 15 bytes", tiny.veth_pair, { name = "a" }, {})
check.refuses('second: option "name": "b c" is not a link name: it must not contain spaces, "/", ":" or "%"',
  tiny.veth_pair, { name = "a" }, { name = "b c" })
check.refuses('second: "x" is not an address, such as "10.10.0.1"',
  tiny.veth_pair, { name = "a" }, { name = "b", gateway = "x" })

check.refuses('second: option "addr": [1]: "x" is not an address in CIDR form, such as "10.10.0.2/24"',
  tiny.veth_pair, { name = "a" }, { name = "b", addr = { "x" } })
check.refuses("second: gateway: at most one for IPv4 and one for IPv6",
  tiny.veth_pair, { name = "a" }, { name = "b", gateway = { "10.0.0.1", "10.0.0.2" } })

-- Real traffic, through the bridge and from namespace to namespace.
sockets.needed()
check.equal(sockets.connect({ from = nil, to = web, addr = "10.10.0.2" }), "10.10.0.1", "the bridge to web")
check.equal(sockets.connect({ from = web, to = db, addr = "10.10.0.3" }), "10.10.0.2", "web to db")

-- Both families on one end: two addresses, two gateways, and IPv6 is usable immediately.
do
  local six <close> = tiny.netns()
  local both <close> = tiny.veth_pair({ name = "ta6", addr = { "10.60.0.1/24", "fd60::1/64" }, nodad = true },
    { name = "eth0", netns = six, addr = { "10.60.0.2/24", "fd60::2/64" }, gateway = { "fd60::1", "10.60.0.1" }, nodad = true })
  local gateways = {}
  for _, route in ipairs(tiny.routes { netns = six }) do
    if route.dst == "default" then gateways[route.family] = route.via end
  end
  check.equal(gateways.ipv4, "10.60.0.1")
  check.equal(gateways.ipv6, "fd60::1")
  check.equal(sockets.connect({ from = six, to = nil, addr = "10.60.0.1" }), "10.60.0.2")
  check.equal(sockets.connect({ from = six, to = nil, addr = "fd60::1" }), "fd60::2")
end

cable:close()
check.equal(link("veth-web"), nil, "closed")
check.equal(link("eth0", web), nil, "and its peer")

tiny.try(function()
  local short <close> = tiny.veth_pair({ name = "ta0" }, { name = "eth9", netns = web })
  assert(link("ta0") and link("eth9", web))
  tiny.fail("the body fails")
end)
check.equal(link("ta0"), nil, "deleted after a failing body")
check.equal(link("eth9", web), nil)

-- Without a link-local address, a link sends no packets for duplicate address detection.
do
  local quiet <close> = tiny.veth_pair({ name = "tq0", link_local = false }, { name = "tq1" })
  local function has(name)
    for _, addr in ipairs(link(name).addrs) do
      if addr:match("^fe80:") then return true end
    end
    return false
  end
  check.equal(has("tq0"), false)
  check.equal(has("tq1"), true, "the kernel's default")
end
