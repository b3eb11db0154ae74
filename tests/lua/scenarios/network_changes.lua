-- Networks that change under a container: removed with --force, disconnected first of two, shared by two state roots; the
-- MTU of the host's default route; what an unprivileged user may do in the container's own network.
local check = require "check"
local net = require "networked"
local sockets = require "sockets"
net.needs()
sockets.needed()

local function inside(name, command) return check.succeeds("exec", name, "sh", "-c", command) end
local function netns_of(name) return tiny.open_ns("net", ("/proc/%d/ns/net"):format(tonumber((check.succeeds("inspect", name, "--format", "state.pid"))))) end

-- Without its only network a container starts with none, and can join another.
check.succeeds("network", "create", "only")
check.succeeds("run", "-d", "--name", "left", "--network", "only", "-p", "8091:80", "sleep", "100")
check.succeeds("network", "rm", "-f", "only")
check.succeeds("restart", "-t", "0", "left")
check.equal(inside("left", "ls /sys/class/net; tail -n1 /etc/hosts | cut -f1"), "lo\n127.0.1.1\n")
check.succeeds("inspect", "left")
check.succeeds("explain", "left")
check.succeeds("network", "create", "next")
check.succeeds("network", "connect", "next", "left")
do
  local netns <close> = netns_of "left"
  check.equal(sockets.default_gateway(netns), "10.10.0.1")
end
check.succeeds("stop", "-t", "0", "left")
check.succeeds("start", "left")
check.succeeds("rm", "-f", "left")

-- The first of two networks goes: the default route and the published ports move to the next one; an internal one is none.
check.succeeds("network", "create", "inner", "--internal")
check.succeeds("network", "create", "six", "--ipv6")
net.serve("web", "--network", "next", "--network", "inner", "--network", "six", "-p", "8092:80")
check.equal(net.fetch("http://127.0.0.1:8092/"), "web")
check.succeeds("network", "disconnect", "next", "web")
do
  local netns <close> = netns_of "web"
  local gateway = tiny.json_decode(check.succeeds("network", "inspect", "six"))
  gateway = gateway[1] or gateway
  check.equal(sockets.default_gateway(netns), gateway.gateway)
  local found
  for _, route in ipairs(tiny.routes { netns = netns }) do found = found or route.family == "ipv6" and route.dst == "default" and route.via end
  check.equal(found, gateway.gateway6)
end
check.equal(net.fetch("http://127.0.0.1:8092/"), "web")
check.equal(check.succeeds("port", "web"), "80/tcp -> 0.0.0.0:8092\n")
-- Another network than that of the default route goes: nothing changes. The last one: the ports are gone.
check.succeeds("network", "disconnect", "inner", "web")
check.equal(net.fetch("http://127.0.0.1:8092/"), "web")
check.succeeds("network", "disconnect", "six", "web")
check.equal(check.succeeds("port", "web"), "")
check.succeeds("rm", "-f", "web")
for _, name in ipairs { "next", "inner", "six" } do check.succeeds("network", "rm", name) end

-- Links have the MTU of the host's way out, unless the network has its own.
local out <close> = tiny.netns()
tiny.veth_pair({ name = "test0", addr = "192.0.2.1/24", mtu = 1420 }, { name = "eth0", netns = out, addr = "192.0.2.2/24", mtu = 1420 })
local route <close> = tiny.route_add("default", { via = "192.0.2.2" })
local function mtu(...) return (check.succeeds("run", "--rm", "--network", ..., "cat", "/sys/class/net/eth0/mtu"):gsub("\n", "")) end
check.equal(mtu("bridge"), "1420")
check.succeeds("network", "create", "small", "--mtu", "1300")
check.equal(mtu("small"), "1300")
check.succeeds("network", "rm", "small")
route:close()
check.equal(mtu("bridge"), "1500")

-- An unprivileged user binds port 80 and pings; the host's settings stay.
local PING = [[perl -e 'use Socket; socket(S, AF_INET, SOCK_DGRAM, 1) or die "ping: $!"; socket(T, AF_INET, SOCK_STREAM, 0); bind(T, sockaddr_in(80, INADDR_ANY)) or die "bind: $!"; print "ok"']]
for _, network in ipairs { "none", "bridge" } do
  check.equal(check.succeeds("run", "--rm", "--user", "1000:1000", "--network", network, "sh", "-c", PING), "ok", network)
  check.equal(check.succeeds("run", "--rm", "--userns", "auto", "--user", "1000:1000", "--network", network, "sh", "-c", PING), "ok", network .. " in a user namespace")
end
assert(check.run({ "run", "--rm", "--user", "1000:1000", "--network", "host", "sh", "-c", PING }).status ~= 0, "the host's network")
check.equal(tiny.sysctl("net.ipv4.ip_unprivileged_port_start"), "1024")

-- Two state roots: containers come and go in both at once, and a third in one of them keeps its way out.
tiny.route_add("default", { via = "192.0.2.2" }):keep()
check.succeeds("run", "-d", "--name", "stays", "--network", "bridge", "--cap-add", "NET_RAW", "sleep", "100")
local function busy(root)
  return tiny.fork(function()
    for _ = 1, 8 do
      local child <close> = tiny.fork(function() tiny.exec { "/proc/self/exe", "--root", root, "run", "--rm", "--network", "bridge", "-p", "80", "true" } end)
      if child:wait() ~= 0 then return 1 end
    end
    return 0
  end)
end
for _, children in ipairs { { busy(check.root), busy "/tmp/other", busy "/tmp/third" }, { busy "/tmp/other", busy "/tmp/third" } } do
  for _, child in ipairs(children) do check.equal(child:wait(), 0, "a run next to another root") end
  check.equal(tiny.sysctl("net.ipv4.ip_forward"), "1")
  check.equal(check.run({ "exec", "stays", "busybox", "ping", "-c1", "-W2", "192.0.2.2" }).status, 0, "its way out")
  if check.succeeds("ps", "-q") ~= "" then check.succeeds("rm", "-f", "stays") end
  if #children == 3 then check.succeeds("run", "-d", "--name", "stays", "--network", "bridge", "--cap-add", "NET_RAW", "sleep", "100") end
end
check.no_container()
net.nothing_left()
