-- addr_add: the address exists until the handle is closed, also if the body fails.
local check = require "check"

local function addrs(name, netns)
  for _, link in ipairs(tiny.links { netns = netns }) do
    if link.name == name then return table.concat(link.addrs, " ") end
  end
end

local web <close> = tiny.netns()
do
  local addr <close> = tiny.addr_add("lo", "10.99.0.1/32", { netns = web })
  check.equal(addrs("lo", web), "10.99.0.1/32")
  local err = check.fails("EEXIST", tiny.addr_add, "lo", "10.99.0.1/32", { netns = web })
  check.equal(err.hint, "the link already has this address")
end
check.equal(addrs("lo", web), "")

tiny.try(function()
  local addr <close> = tiny.addr_add("lo", "fd99::1/128")
  check.equal(addrs("lo"):match("fd99::1/128"), "fd99::1/128")
  tiny.fail("the body fails")
end)
check.equal(addrs("lo"):match("fd99"), nil)

-- nodad: an IPv6 address is usable immediately. The flags are hexadecimal: 40 tentative, 02 nodad.
local function flags(name)
  for line in io.lines("/proc/self/net/if_inet6") do
    local found, link = line:match("^%x+ %x+ %x+ %x+ (%x+)%s+(%S+)")
    if link == name and not line:match("^fe80") then return tonumber(found, 16) end
  end
end
do
  local cable <close> = tiny.veth_pair({ name = "ta0" }, { name = "tb0" })
  do
    local addr <close> = tiny.addr_add("ta0", "fd98::1/64")
    check.equal(flags("ta0") & 0x42, 0x40, "asks first")
  end
  local addr <close> = tiny.addr_add("ta0", "fd98::1/64", { nodad = true })
  check.equal(flags("ta0") & 0x42, 0x02, "does not ask")
  tiny.addr_add("ta0", "10.97.0.1/24", { nodad = true })
end

-- A handle implies its own namespace.
local br <close> = tiny.bridge("td0", { netns = web })
tiny.addr_add(br, "10.98.0.1/24")
check.equal(addrs("td0", web):match("^%S+"), "10.98.0.1/24")

check.fails("ENODEV", tiny.addr_add, "nowhere", "10.0.0.1/8")
check.refuses('addr: "10.0.0.1" is not an address in CIDR form, such as "10.10.0.2/24"', tiny.addr_add, "lo", "10.0.0.1")
