-- Containers reach their own network, the outside, and the published ports of others. Unpublished ports are not
-- reachable from another network or from a machine that adds a route. An internal network does not reach the host, and
-- the host does not route between its neighbors.
local check = require "check"
local net = require "networked"
local sockets = require "sockets"
local wires = require "wires"
net.needs()
sockets.needed()

local machine <close> = wires.machine()
local beyond <close> = tiny.netns() -- hosts that the host reaches over another link, such as a private network
tiny.veth_pair({ name = "test1", addr = { "198.51.100.1/24", "fd98::1/64" }, nodad = true },
  { name = "eth0", netns = beyond, addr = { "198.51.100.2/24", "fd98::2/64" }, nodad = true, gateway = { "198.51.100.1", "fd98::1" } })
check.succeeds("network", "create", "blue", "--subnet", "10.20.0.0/24", "--subnet6", "fd20::/64")
check.succeeds("network", "create", "red", "--subnet", "10.30.0.0/24", "--subnet6", "fd30::/64")
check.succeeds("network", "create", "closed", "--subnet", "10.40.0.0/24", "--subnet6", "fd40::/64", "--internal")
local blue = wires.container("blue", "--network", "blue", "sleep", "1000")
local other = wires.container("other", "--network", "blue", "sleep", "1000")
local red = wires.container("red", "--network", "red", "-p", "8080:80", "sleep", "1000")
local closed = wires.container("closed", "--network", "closed", "sleep", "1000")
local fellow = wires.container("fellow", "--network", "closed", "sleep", "1000")
local late <close> = tiny.netns() -- over a link that is added after forwarding was enabled
tiny.veth_pair({ name = "test2", addr = { "203.0.113.1/24", "fd99::1/64" }, nodad = true },
  { name = "eth0", netns = late, addr = { "203.0.113.2/24", "fd99::2/64" }, nodad = true, gateway = { "203.0.113.1", "fd99::1" } })
local tally, judge = wires.tally()
local host, none = nil, nil

for family, of in pairs { IPv4 = { "addr", "192.0.2.2", "192.0.2.1", "10.20.0.1", "10.40.0.1", "198.51.100.2", "203.0.113.2" }, IPv6 = { "addr6", "fd92::2", "fd92::1", "fd20::1", "fd40::1", "fd98::2", "fd99::2" } } do
  local function try(what, want, ...) tally(family .. ": " .. what, (want and wires.reaches or wires.connects)(...), want) end
  local key, far, own = of[1], of[2], of[3]
  -- What must work.
  try("a neighbour in the network", true, blue.netns, other.netns, other[key])
  try("the way out", true, blue.netns, machine, far)
  try("from the host", true, host, red.netns, red[key])
  try("from the host into an internal network", true, host, closed.netns, closed[key])
  try("a neighbour in an internal network", true, closed.netns, fellow.netns, fellow[key])
  try("a published port, from a machine", true, machine, red.netns, own, 8080)
  try("a published port, from another network", true, blue.netns, red.netns, own, 8080)
  try("a published port, from the container itself", true, red.netns, red.netns, own, 8080)
  try("a published port, from the host", true, host, red.netns, own, 8080)
  try("a service of the host", true, blue.netns, host, of[4])
  try("the way out by the other link", true, blue.netns, beyond, of[6])
  try("the way out by a link that came later", true, blue.netns, late, of[7])
  -- What must not.
  try("a machine by the host to another", false, machine, beyond, of[6])
  try("a machine by a link that came later to another", false, late, machine, far)
  try("another network", false, blue.netns, red.netns, red[key])
  try("a machine with a route, another port", false, machine, blue.netns, blue[key])
  try("a machine with a route, the published port's target", false, machine, red.netns, red[key])
  try("an internal network, from another", false, blue.netns, closed.netns, closed[key])
  try("an internal network, from a machine", false, machine, closed.netns, closed[key])
  try("out of an internal network, a service of the host", false, closed.netns, host, of[5])
  -- A container may add routes if it has the capability.
  tiny.route_add("default", { via = of[5], netns = closed.netns })
  try("out of an internal network, the host's other address", false, closed.netns, host, own)
  try("out of an internal network, a published port", false, closed.netns, red.netns, own, 8080)
  try("out of an internal network, the world", false, closed.netns, machine, far)
  try("out of an internal network, another network", false, closed.netns, blue.netns, blue[key])
end
tally("loopback's published port", wires.reaches(host, red.netns, "127.0.0.1", 8080), true)

-- The same rules apply to a container that joins later; one that leaves removes its own rules.
check.succeeds("network", "connect", "blue", "red")
tally("after it joined", wires.reaches(blue.netns, red.netns, "10.20.0.4"), true)
tally("its other side", wires.connects(other.netns, red.netns, red.addr), false)
check.succeeds("network", "disconnect", "blue", "red")
tally("after it left", wires.connects(blue.netns, red.netns, red.addr), false)

check.succeeds("rm", "-f", "blue", "other", "red", "closed", "fellow")
check.succeeds("network", "prune")
judge()
check.no_container()
net.nothing_left()
