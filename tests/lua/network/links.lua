-- links: lists what the kernel has, with addresses; compared with /proc/net.
local check = require "check"

local br <close> = tiny.bridge("td0", { addr = "10.77.0.1/24", mtu = 1400, mac = "02:00:00:00:00:01" })
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
check.equal(bridge.mac, "02:00:00:00:00:01")
check.equal(bridge.mtu, 1400)
check.equal(bridge.up, true)
check.equal(bridge.addrs[1], "10.77.0.1/24")
check.equal(table.concat(bridge.addrs, " "):match("fd77::1/64"), "fd77::1/64")
check.equal(listed.lo.kind, nil)

local empty <close> = tiny.netns()
for _, link in ipairs(tiny.links { netns = empty }) do check.equal(link.up, false, link.name) end

check.refuses('unknown option "ns"; known are netns', tiny.links, { ns = empty })
check.refuses("option \"netns\": expected netns handle, got the string \"web\"", tiny.links, { netns = "web" })
