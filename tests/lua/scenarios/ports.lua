-- Published ports: from the host by each of its addresses, from another machine, from a neighbor; random ports, ranges
-- and UDP; conflicts are reported, and everything is removed.
local check = require "check"
local net = require "networked"
net.needs()

-- Another machine, and the host's route to it.
local machine <close> = tiny.netns()
tiny.veth_pair({ name = "test0", addr = "192.0.2.1/24" }, { name = "eth0", netns = machine, addr = "192.0.2.2/24" })
tiny.link_set("lo", { netns = machine, up = true })

net.serve("web", "--network", "bridge", "-p", "8080:80", "-p", "127.0.0.1::80", "-p", "9000-9001:80-81")
check.equal(net.fetch("http://10.10.0.1:8080/"), "web", "the bridge's address")
check.equal(net.fetch("http://127.0.0.1:8080/"), "web", "loopback")
check.equal(net.fetch("http://192.0.2.1:8080/", machine), "web", "another machine")
check.equal(net.fetch("http://192.0.2.1:9000/", machine), "web", "a range")
-- The caller's address is visible inside.
local log
for _ = 1, 20 do
  log = check.run({ "logs", "web" }).err -- it logs to standard error
  if log:find("192.0.2.2", 1, true) then break end
  tiny.poll({}, "50ms")
end
assert(log:find("192.0.2.2", 1, true), "the caller's own address: " .. log)
-- Its own published port, by the host's address: the reply comes back the same way (hairpin).
check.equal(check.succeeds("exec", "web", "busybox", "timeout", "5", "busybox", "wget", "-qO-", "http://192.0.2.1:8080/"), "web\n")
-- A machine on the link must not reach the host's loopback through it, although the bridge accepts its addresses.
local random = check.succeeds("port", "web"):match("80/tcp %-> 127%.0%.0%.1:(%d+)")
check.equal(net.fetch(("http://127.0.0.1:%s/"):format(random)), "web", "the port that was chosen")
check.equal(net.fetch(("http://192.0.2.1:%s/"):format(random), machine), nil, "one published on loopback only")
check.equal(check.succeeds("port", "web", "81"), "0.0.0.0:9001\n")
assert(check.succeeds("ps"):match("PORTS\n.*0%.0%.0%.0:8080%->80/tcp"))

local second = check.run { "run", "--name", "second", "--network", "bridge", "-p", "8080:80", "true" }
assert(second.err:find("port 8080 is published by container web\n  hint: stop that container, or publish another port\n", 1, true), second.err)
check.equal(second.status, 125)
local mine <close> = tiny.reserve_port("8085/tcp", { addr = "0.0.0.0" })
local third = check.run { "run", "--network", "bridge", "-p", "8085:80", "true" }
assert(third.err:find("port 8085 is in use by another program", 1, true), third.err)

-- UDP: a query to the host's port arrives, and the reply comes from there.
check.succeeds("run", "-d", "--name", "ear", "--network", "bridge", "-p", "5353:53/udp", "sleep", "60")
local there <close> = tiny.open_ns("net", ("/proc/%d/ns/net"):format(tonumber(check.succeeds("inspect", "ear", "--format", "state.pid"))))
local ear <close> = tiny.udp_bind("0.0.0.0:53", { netns = there })
local mouth <close> = tiny.udp_bind("127.0.0.1:0")
mouth:send("hello", "127.0.0.1:5353")
tiny.poll({ ear }, "5s")
local heard, from = ear:receive()
check.equal(heard, "hello", "a datagram")
ear:send("yes", from)
tiny.poll({ mouth }, "5s")
local answer, by = mouth:receive()
check.equal(answer .. " " .. by, "yes 127.0.0.1:5353")

-- An open connection ends with its container.
check.succeeds("stop", "-t", "0", "web")
check.equal(net.fetch("http://127.0.0.1:8080/"), nil, "after the end")
check.succeeds("start", "web")
check.equal(net.fetch("http://127.0.0.1:8080/"), "web", "once more")
check.succeeds("rm", "-f", "web", "ear")

check.succeeds("run", "-d", "--name", "all", "--network", "bridge", "--expose", "80", "--expose", "53/udp", "-P", "sleep", "60")
local ports = tiny.json_decode(check.succeeds("port", "all", "--format", "json"))
check.equal(#ports, 2)
assert(ports[1].port > 1023 and ports[2].proto == "udp")
check.succeeds("rm", "-f", "all")

-- On an IPv6 address of the host only.
check.succeeds("network", "create", "six", "--subnet", "10.66.0.0/24", "--subnet6", "fd66::/64", "--ipv6")
check.succeeds("run", "-d", "--name", "six", "--network", "six", "-p", "[::1]:8086:80", "sleep", "60")
check.equal(table.concat(tiny.published(), " "), "[::1]:8086:[fd66::2]:80")
check.succeeds("rm", "-f", "six")
check.succeeds("network", "rm", "six")
net.nothing_left()
