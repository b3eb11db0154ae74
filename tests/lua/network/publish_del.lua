-- publish_del: removes only this port with this destination address.
local check = require "check"

tiny.publish("8080:10.10.0.2:80"):keep()
tiny.publish("10.20.0.1:8080:10.10.0.3:80"):keep()
tiny.publish_del("8080:10.10.0.2:80/tcp")
check.equal(table.concat(tiny.published(), " "), "10.20.0.1:8080:10.10.0.3:80")

local err = check.fails("ENOENT", tiny.publish_del, "8080:10.10.0.2:80")
assert(err.hint:match("is not published"), err.hint)
-- A cleanup after its step failed must not remove what another process created.
err = check.fails("ENOENT", tiny.publish_del, "10.20.0.1:8080:10.10.0.2:80")
assert(err.message:find("leads to 10.10.0.3:80", 1, true), err.message)
check.equal(#tiny.published(), 1)
tiny.publish_del("10.20.0.1:8080:10.10.0.3:80")
check.equal(#tiny.published(), 0)

-- A list in one step: existing ports are removed, even if one is missing.
tiny.publish("8080:10.10.0.2:80"):keep()
tiny.publish("8081:[fd10::2]:80"):keep()
tiny.publish_del { "8080:10.10.0.2:80", "8081:[fd10::2]:80" }
check.equal(#tiny.published(), 0)
tiny.publish("8080:10.10.0.2:80"):keep()
err = check.fails("ENOENT", tiny.publish_del, { "8081:10.10.0.2:81", "8080:10.10.0.2:80" })
assert(err.message:find("port 8081 is not published", 1, true), err.message)
check.equal(#tiny.published(), 0)
tiny.publish_del {}

check.refuses('"8080:10.10.0.2:80" is in the list twice', tiny.publish_del, { "8080:10.10.0.2:80/tcp", "8080:10.10.0.2:80" })

tiny.publish_clear()
check.fails("ENOENT", tiny.publish_del, "8080:10.10.0.2:80")
check.refuses('"y" is not a published port, such as "8080:10.10.0.2:80" or "53:10.10.0.2:53/udp"',
  tiny.publish_del, { "8080:10.10.0.2:80", "y" })
check.refuses('"x" is not a published port, such as "8080:10.10.0.2:80" or "53:10.10.0.2:53/udp"', tiny.publish_del, "x")

-- Connections through a port end with it, by TCP and UDP, IPv4 and IPv6; those through another port to the same address
-- continue.
local router <close> = tiny.netns()
local web <close> = tiny.netns()
local machine <close> = tiny.netns()
local here = { netns = router }
tiny.veth_pair({ name = "web", netns = router, addr = { "10.10.0.1/24", "fd10::1/64" }, nodad = true },
  { name = "eth0", netns = web, addr = { "10.10.0.2/24", "fd10::2/64" }, gateway = { "10.10.0.1", "fd10::1" }, nodad = true })
tiny.veth_pair({ name = "wan", netns = router, addr = { "10.20.0.1/24", "fd20::1/64" }, nodad = true },
  { name = "eth0", netns = machine, addr = { "10.20.0.2/24", "fd20::2/64" }, nodad = true })
tiny.sysctl("net.ipv4.ip_forward", 1, here)
tiny.sysctl("net.ipv6.conf.all.forwarding", 1, here)
local ports = { "8080:10.10.0.2:80", "10.20.0.1:53:10.10.0.2:5353/udp", "8080:[fd10::2]:80" }
tiny.publish(ports, here):keep()
tiny.publish("8081:10.10.0.2:80", here):keep()

local function connect(listener, published)
  local far = tiny.tcp_connect(published, { netns = machine, timeout = "5s" })
  check.equal(#tiny.poll({ listener }, "5s"), 1, published)
  return far, listener:accept()
end

local function carries(far, near, text)
  far:write(text)
  return #tiny.poll({ near }, "5s") == 1 and near:read() == text
end

-- The router itself answers: it has no such port.
local function is_cut(far, near)
  far:write("more")
  check.equal(tiny.poll({ far }, "5s")[1], far)
  check.fails("ECONNRESET", far.read, far)
  check.equal(#tiny.poll({ near }, 0), 0, "nothing came")
end

local listener <close> = tiny.tcp_listen("10.10.0.2:80", { netns = web })
local listener6 <close> = tiny.tcp_listen("[fd10::2]:80", { netns = web })
local server <close> = tiny.udp_bind("10.10.0.2:5353", { netns = web })
local client <close> = tiny.udp_bind("10.20.0.2:0", { netns = machine })
local far, near = connect(listener, "10.20.0.1:8080")
local other_far, other_near = connect(listener, "10.20.0.1:8081")
local far6, near6 = connect(listener6, "[fd20::1]:8080")
assert(carries(far, near, "one"))
assert(carries(far6, near6, "one"))
client:send("one", "10.20.0.1:53")
check.equal(#tiny.poll({ server }, "5s"), 1)
local text, from = server:receive()
check.equal(text, "one")
server:send("two", from)
check.equal(#tiny.poll({ client }, "5s"), 1)
check.equal(table.concat({ client:receive() }, " "), "two 10.20.0.1:53", "the answer comes from where the question went")

tiny.publish_del(ports, here)
is_cut(far, near)
is_cut(far6, near6)
assert(carries(other_far, other_near, "two"), "the other port's connection goes on")
local own <close> = tiny.udp_bind("10.20.0.1:53", here)
client:send("three", "10.20.0.1:53")
check.equal(#tiny.poll({ own }, "5s"), 1, "the port is the router's own again")
check.equal((own:receive()), "three")
check.equal(#tiny.poll({ server }, 0), 0, "nothing came")
check.equal(table.concat(tiny.published(here)), "8081:10.10.0.2:80")
