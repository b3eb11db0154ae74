-- routes: lists the main table of a namespace, compared with route_add; other tables are omitted.
local check = require "check"

local web <close> = tiny.netns()
check.equal(#tiny.routes { netns = web }, 0, "an empty namespace")
local br <close> = tiny.bridge("td0", { netns = web, addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true })
tiny.route_add("10.20.0.0/16", { via = "10.10.0.2", netns = web, metric = 7 })
tiny.route_add("default", { via = "10.10.0.254", netns = web })
tiny.route_add("fd20::/48", { via = "fd10::2", netns = web })

local function find(dst, family)
  local found
  for _, route in ipairs(tiny.routes { netns = web }) do
    if route.dst == dst and route.family == (family or "ipv4") then
      assert(not found, dst .. " is listed twice")
      found = route
    end
  end
  return found
end
local one = find("10.20.0.0/16")
check.equal(one.via, "10.10.0.2")
check.equal(one.dev, "td0")
check.equal(one.metric, 7)
check.equal(find("default").via, "10.10.0.254")
check.equal(find("10.10.0.0/24").via, nil, "on the link")
check.equal(find("fd20::/48", "ipv6").via, "fd10::2")
check.equal(find("fd10::/64", "ipv6").dev, "td0")

-- The local table (the machine's own addresses) is separate, and so are numbered tables.
check.equal(find("10.10.0.1/32"), nil)
if os.execute("ip route add 10.30.0.0/16 dev lo table 100 2>/dev/null") then
  for _, route in ipairs(tiny.routes()) do assert(route.dst ~= "10.30.0.0/16", "a route of table 100") end
end
-- The first of several nexthops.
local sockets = require "sockets"
if sockets.inside(web, function()
  return os.execute("ip route add 10.40.0.0/16 nexthop via 10.10.0.3 nexthop via 10.10.0.4 2>/dev/null")
end) then
  check.equal(find("10.40.0.0/16").via, "10.10.0.3")
  check.equal(find("10.40.0.0/16").dev, "td0")
end
check.refuses('unknown option "ns"; known options: netns', tiny.routes, { ns = web })
