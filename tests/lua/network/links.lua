-- links: lists links with their addresses; compared with /proc/net.
local check = require "check"

local br <close> = tiny.bridge("td0", { addr = "10.77.0.1/24", mtu = 1400, mac_address = "02:00:00:00:00:01" })
tiny.addr_add(br, "fd77::1/64")

local listed = {}
for _, link in ipairs(tiny.links()) do listed[link.name] = link end
local count = 0
for line in io.lines("/proc/self/net/dev") do
  local name = line:match("^%s*([^:%s]+):")
  if name then
    count = count + 1
    assert(listed[name], name .. " is in /proc/net/dev and not in the list")
  end
end
check.equal(#tiny.links(), count)

local bridge = listed.td0
check.equal(bridge.kind, "bridge")
check.equal(bridge.mac_address, "02:00:00:00:00:01")
check.equal(bridge.mtu, 1400)
check.equal(bridge.up, true)
check.equal(bridge.addrs[1], "10.77.0.1/24")
check.equal(table.concat(bridge.addrs, " "):match("fd77::1/64"), "fd77::1/64")
check.equal(listed.lo.kind, nil)

-- A veth knows its peer, and whether that is in another namespace.
do
  local web <close> = tiny.netns()
  local near <close> = tiny.veth_pair({ name = "ta0" }, { name = "tb0" })
  local far <close> = tiny.veth_pair({ name = "ta1" }, { name = "eth0", netns = web })
  local function find(name, netns)
    for _, link in ipairs(tiny.links { netns = netns }) do
      if link.name == name then return link end
    end
  end
  check.equal(find("ta0").peer, find("tb0").index)
  check.equal(find("ta0").peer_netns, nil, "here")
  check.equal(find("ta1").peer, find("eth0", web).index)
  check.equal(find("eth0", web).peer, find("ta1").index)
  check.equal(math.type(find("ta1").peer_netns), "integer")
  assert(find("ta1").peer_netns >= 0)
  local other <close> = tiny.netns()
  local third <close> = tiny.veth_pair({ name = "ta2" }, { name = "eth0", netns = other })
  assert(find("ta2").peer_netns ~= find("ta1").peer_netns, "two namespaces have two numbers")
  check.equal(find("td0").peer, nil, "a bridge has none")
end

local empty <close> = tiny.netns()
for _, link in ipairs(tiny.links { netns = empty }) do check.equal(link.up, false, link.name) end

check.refuses('unknown option "ns"; known options: netns', tiny.links, { ns = empty })
check.refuses("option \"netns\": expected netns handle, got the string \"web\"", tiny.links, { netns = "web" })
