-- bridge: created up with its address, deleted at the end and if the body fails.
local check = require "check"

local function exists(name, netns)
  for _, link in ipairs(tiny.links { netns = netns }) do
    if link.name == name then return link end
  end
end

do
  local br <close> = tiny.bridge("td0", { addr = "10.10.0.1/24" })
  check.equal(br.name, "td0")
  local link = exists("td0")
  check.equal(link.kind, "bridge")
  check.equal(link.up, true)
  check.equal(link.addrs[1], "10.10.0.1/24")

  local err = check.fails("EEXIST", tiny.bridge, "td0")
  check.equal(err.path, "td0")
  assert(err.hint:find('a link named "td0" already exists', 1, true), err.hint)
end
check.equal(exists("td0"), nil, "after the scope")

local _, err = tiny.try(function()
  local br <close> = tiny.bridge("td0")
  tiny.fail("the body fails")
end)
check.equal(err.message, "the body fails")
check.equal(exists("td0"), nil, "after a failing body")

-- The address is refused after the bridge was created: nothing remains.
check.fails("EINVAL", tiny.bridge, "td0", { addr = "224.0.0.1/24" })
check.equal(exists("td0"), nil, "after a refused address")

-- Several addresses; if the last is refused, nothing remains.
do
  local br <close> = tiny.bridge("td0", { addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true })
  check.equal(br.addr[2], "fd10::1/64")
  local there = table.concat(exists("td0").addrs, " ")
  assert(there:find("10.10.0.1/24", 1, true) and there:find("fd10::1/64", 1, true), there)
end
check.fails("EINVAL", tiny.bridge, "td0", { addr = { "10.10.0.1/24", "ff02::1/64" } })
check.equal(exists("td0"), nil, "after a refused second address")

local web <close> = tiny.netns()
do
  local br <close> = tiny.bridge("td0", { netns = web })
  assert(exists("td0", web), "in the namespace")
  check.equal(exists("td0"), nil, "not in the caller's")
end
check.equal(exists("td0", web), nil, "undone in the namespace")

check.refuses("option \"addr\": \"10.10.0.1\" is not an address in CIDR form, such as \"10.10.0.2/24\"",
  tiny.bridge, "td0", { addr = "10.10.0.1" })
check.refuses('option "addr": [2]: "10.10.0.1" is not an address in CIDR form, such as "10.10.0.2/24"',
  tiny.bridge, "td0", { addr = { "fd10::1/64", "10.10.0.1" } })
check.refuses('name: "a-bridge-name-too-long" is not a link name: it has 22 bytes, and the kernel allows at most 15',
  tiny.bridge, "a-bridge-name-too-long")
