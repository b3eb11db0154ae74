-- link_set: up and down, several changes at once, a new name, a bridge, another namespace.
local check = require "check"

local function find(name, netns)
  for _, link in ipairs(tiny.links { netns = netns }) do
    if link.name == name then return link end
  end
end

tiny.link_set("lo", { up = true })
check.equal(find("lo").up, true)
tiny.link_set("lo", { up = false })
check.equal(find("lo").up, false)

local web <close> = tiny.netns()
tiny.link_set("lo", { netns = web, up = true })
check.equal(find("lo", web).up, true, "in the namespace")
check.equal(find("lo").up, false, "not in the caller's")

local br <close> = tiny.bridge("td0")
local cable <close> = tiny.veth_pair({ name = "ta0" }, { name = "tb0" })
tiny.link_set("ta0", { master = br, mtu = 1400, mac_address = "02:00:00:00:00:0a" })
local port = find("ta0")
check.equal(port.master, "td0")
check.equal(port.mtu, 1400)
check.equal(port.mac_address, "02:00:00:00:00:0a")
tiny.link_set("ta0", { master = false })
check.equal(find("ta0").master, nil)

tiny.link_set("tb0", { move_to = web, name = "eth0", up = true })
check.equal(find("tb0"), nil)
check.equal(find("eth0", web).up, true, "up after the move")
-- And back, under its old name, in one call; a name that is taken is refused, and the link stays.
local here <close> = tiny.open_ns("net")
check.fails("EEXIST", tiny.link_set, "eth0", { netns = web, move_to = here, name = "ta0" })
check.equal(find("eth0", web).name, "eth0")
tiny.link_set("eth0", { netns = web, move_to = here, name = "tb0" })
check.equal(find("eth0", web), nil)
check.equal(find("tb0").name, "tb0")

local err = check.fails("ENODEV", tiny.link_set, "nowhere", { up = true })
assert(err.hint:match("tiny.links"), err.hint)
err = check.fails("ENODEV", tiny.link_set, "ta0", { master = "nobridge" })
check.equal(err.path, "nobridge")
err = check.fails("EEXIST", tiny.link_set, "ta0", { up = false, name = "td0" })
check.equal(err.path, "td0")
err = check.fails("EINVAL", tiny.link_set, "ta0", { mtu = 1 })
assert(err.message:match("mtu"), "the kernel's own words: " .. err.message)

check.refuses('link: "a-name-far-too-long" is not a link name: it has 19 bytes, and the kernel allows at most 15',
  tiny.link_set, "a-name-far-too-long", { up = true })
check.refuses('link: "" is not a link name: it is empty', tiny.link_set, "", { up = true })
check.refuses('link: "a b" is not a link name: it must not contain spaces, "/", ":" or "%"', tiny.link_set, "a b", { up = true })
check.refuses('option "name": "web%d" is not a link name: it must not contain spaces, "/", ":" or "%"', tiny.link_set, "lo", { name = "web%d" })
check.refuses('link: "a/b" is not a link name: it must not contain spaces, "/", ":" or "%"', tiny.link_del, "a/b")
check.refuses('option "down" is the old name of "up": give only that', tiny.link_set, "lo", { up = true, down = true })
check.refuses('unknown option "mtuu"; did you mean "mtu"?', tiny.link_set, "lo", { mtuu = 1 })
check.refuses('"02:00" is not a MAC address, such as "02:00:00:00:00:01"', tiny.link_set, "lo", { mac_address = "02:00" })
check.refuses('option "mtu": -1 is not an integer from 1 to 2147483647', tiny.link_set, "lo", { mtu = -1 })

-- Without privileges over the namespace the kernel refuses; over one's own namespace it does not.
check.inside({ user = true }, function()
  local refused = check.fails("EPERM", tiny.link_set, "lo", { up = true })
  assert(refused.hint:match("CAP_NET_ADMIN"), refused.hint)
end)
check.inside({ user = true, net = true }, function()
  tiny.link_set("lo", { up = true })
  check.equal(find("lo").up, true)
end)
