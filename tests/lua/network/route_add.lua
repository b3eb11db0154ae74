-- route_add: the route exists until the handle is closed.
local check = require "check"
local sockets = require "sockets"

-- A line of /proc/net/route: link, destination and metric, as hexadecimal in network order.
local function route(dest, netns)
  return sockets.inside(netns, function()
    for line in io.lines("/proc/self/net/route") do
      local dev, to, gateway, metric = line:match("^(%S+)\t(%x+)\t(%x+)\t%x+\t%d+\t%d+\t(%d+)")
      if to == dest then return dev, gateway, tonumber(metric) end
    end
  end)
end

local web <close> = tiny.netns()
local br <close> = tiny.bridge("td0", { netns = web, addr = "10.10.0.1/24" })
do
  local on_link <close> = tiny.route_add("10.20.0.0/16", { dev = br, netns = web })
  check.equal(route("0000140A", web), "td0")
  local via <close> = tiny.route_add("default", { via = "10.10.0.9", netns = web, metric = 7 })
  local dev, gateway, metric = route("00000000", web)
  check.equal(dev, "td0")
  check.equal(gateway, "09000A0A")
  check.equal(metric, 7)
  check.fails("EEXIST", tiny.route_add, "10.20.0.0/16", { dev = "td0", netns = web })
end
check.equal(route("0000140A", web), nil, "removed")
check.equal(route("00000000", web), nil, "removed")

tiny.try(function()
  local on_link <close> = tiny.route_add("10.20.0.0/16", { dev = br, netns = web })
  tiny.fail("the body fails")
end)
check.equal(route("0000140A", web), nil, "removed after a failing body")

local err = check.fails("ENETUNREACH", tiny.route_add, "default", { via = "10.50.0.1", netns = web })
assert(err.hint:match("reaches the gateway"), err.hint)
err = check.fails("EINVAL", tiny.route_add, "10.20.0.1/16", { dev = "td0", netns = web })
assert(err.message:match("prefix"), "the kernel's own words: " .. err.message)
check.refuses("a route needs a gateway (via) or a link (dev)", tiny.route_add, "default")
check.refuses('dest: "all" is not an address in CIDR form, such as "10.10.0.2/24"', tiny.route_add, "all", { dev = "lo" })
