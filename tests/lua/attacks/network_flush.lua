-- After `nft flush ruleset`, as in a reload of the host's firewall, the next container restores the network of all
-- running containers. The host does not route between its links, and forwarding is off again after the last container.
local check = require "check"
local net = require "networked"
local sockets = require "sockets"
local wires = require "wires"
net.needs()
sockets.needed()
if not tiny.stat("/usr/sbin/nft") then check.skip("needs nft") end

local function flush() assert(os.execute("/usr/sbin/nft flush ruleset")) end

local machine <close> = wires.machine()
local beyond <close> = tiny.netns()
tiny.veth_pair({ name = "test1", addr = "198.51.100.1/24" }, { name = "eth0", netns = beyond, addr = "198.51.100.2/24", gateway = "198.51.100.1" })
check.succeeds("network", "create", "blue", "--subnet", "10.20.0.0/24")
check.succeeds("network", "create", "red", "--subnet", "10.30.0.0/24")
check.succeeds("network", "create", "closed", "--subnet", "10.40.0.0/24", "--internal")
local blue = wires.container("blue", "--network", "blue", "-p", "8080:80", "sleep", "1000")
local red = wires.container("red", "--network", "red", "sleep", "1000")
local closed = wires.container("closed", "--network", "closed", "sleep", "1000")
local tally, judge = wires.tally()

local function look(when)
  local function try(what, want, ...) tally(when .. ": " .. what, (want and wires.reaches or wires.connects)(...), want) end
  try("the way out", true, blue.netns, machine, "192.0.2.2")
  try("the way out, of another network", true, red.netns, machine, "192.0.2.2")
  try("from the host into an internal network", true, nil, closed.netns, closed.addr)
  try("a published port", true, machine, blue.netns, "192.0.2.1", 8080)
  try("another network", false, blue.netns, red.netns, red.addr)
  try("out of an internal network, a service of the host", false, closed.netns, nil, "10.40.0.1")
  try("a machine with a route", false, machine, red.netns, red.addr)
  try("a machine by the host to another", false, machine, beyond, "198.51.100.2")
end

look("before")
flush()
check.succeeds("run", "--rm", "--network", "blue", "true")
look("after a flush, and one more container in a network that is up")
flush()
check.succeeds("network", "create", "late", "--subnet", "10.50.0.0/24")
check.succeeds("run", "--rm", "--network", "late", "true")
look("after a flush, and a network more")

-- Another state directory on the same host keeps forwarding on; the last one turns it off.
local own = check.root
local function by_other(...)
  check.root = own .. "-other"
  check.succeeds(...)
  check.root = own
end
by_other("run", "-d", "--name", "theirs", "--network", "bridge", "sleep", "1000")
flush()
check.succeeds("rm", "-f", "blue", "red", "closed")
tally("forwarding, while another root has a network", tiny.sysctl("net.ipv4.ip_forward") == "1", true)
flush()
by_other("rm", "-f", "theirs")
tally("forwarding, after the last", tiny.sysctl("net.ipv4.ip_forward") == "0", true)

-- Forwarding that the host itself has enabled stays on.
tiny.sysctl("net.ipv4.ip_forward", "1")
check.succeeds("run", "--rm", "--network", "blue", "true")
tally("forwarding of the host's own", tiny.sysctl("net.ipv4.ip_forward") == "1", true)
tiny.sysctl("net.ipv4.ip_forward", "0")

check.succeeds("network", "prune")
judge()
check.no_container()
net.nothing_left()
