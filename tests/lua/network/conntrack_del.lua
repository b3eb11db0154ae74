-- conntrack_del: a connection through a published port outlives the nat table, and ends when its conntrack entry is
-- deleted; connections of other addresses continue.
local check = require "check"

local router <close> = tiny.netns()
local web <close> = tiny.netns()
local machine <close> = tiny.netns()
local here = { netns = router }
tiny.veth_pair({ name = "web", netns = router, addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true },
  { name = "eth0", netns = web, addr = { "10.10.0.2/24", "10.10.0.3/24", "fd10::2/64" }, gateway = { "10.10.0.1", "fd10::1" }, nodad = true })
tiny.veth_pair({ name = "wan", netns = router, addr = { "10.20.0.1/24", "fd20::1/64" }, nodad = true },
  { name = "eth0", netns = machine, addr = { "10.20.0.2/24", "fd20::2/64" }, nodad = true })
tiny.sysctl("net.ipv4.ip_forward", 1, here)
tiny.sysctl("net.ipv6.conf.all.forwarding", 1, here)
check.equal(tiny.conntrack_del("10.10.0.2", here), 0, "nothing is there")

-- A connection from the machine through a port that leads to this address: both of its ends.
local function connect(addr, published)
  local listener <close> = tiny.tcp_listen(addr .. ":80", { netns = web })
  local far = tiny.tcp_connect(published, { netns = machine, timeout = "5s" })
  tiny.poll({ listener }, "5s")
  return far, listener:accept()
end

local function carries(far, near, text)
  far:write(text)
  return #tiny.poll({ near }, "5s") == 1 and near:read() == text
end

-- The kernel translates while at least one table of this kind exists.
tiny.nat({ from = "10.30.0.0/24", netns = router }):keep()
tiny.nat({ from = "fd30::/64", netns = router }):keep()
local nat = tiny.nat { from = "10.10.0.0/24", publish = { "8080:10.10.0.2:80", "8081:10.10.0.3:80" }, netns = router }
local far, near = connect("10.10.0.2", "10.20.0.1:8080")
local other_far, other_near = connect("10.10.0.3", "10.20.0.1:8081")
assert(carries(far, near, "one"))
nat:close()
assert(carries(far, near, "two"), "the connection outlives the table")

check.equal(tiny.conntrack_del("10.10.0.2", here), 1)
far:write("three")
check.equal(tiny.poll({ far }, "5s")[1], far)
check.fails("ECONNRESET", far.read, far) -- the router itself answers: it has no such port
check.equal(near:read(), false, "nothing came")
assert(carries(other_far, other_near, "four"), "another address's connection goes on")

-- By the caller's address, and IPv6.
check.equal(tiny.conntrack_del("10.20.0.2", here), 1, "the one that is left")
local six <close> = tiny.nat { from = "fd10::/64", publish = { "8080:[fd10::2]:80" }, netns = router }
local far6, near6 = connect("[fd10::2]", "[fd20::1]:8080")
assert(carries(far6, near6, "one"))
check.equal(tiny.conntrack_del("10.10.0.2", here), 0, "of the other family")
six:close()
check.equal(tiny.conntrack_del("fd10::2", here), 1)
far6:write("two")
check.equal(tiny.poll({ far6 }, "5s")[1], far6)
check.fails("ECONNRESET", far6.read, far6)

check.refuses('"10.10.0.2/24" is not an address, such as "10.10.0.1"', tiny.conntrack_del, "10.10.0.2/24")
check.inside({ user = true }, function()
  local err = check.fails("EPERM", tiny.conntrack_del, "10.10.0.2")
  assert(err.hint:match("CAP_NET_ADMIN"), err.hint)
end)
