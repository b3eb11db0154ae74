-- The rules of networks belong to their containers: those of one state directory outlive another's, those of a killed
-- supervisor are removed by gc, and a partially created or removed network is created again.
local check = require "check"
local net = require "networked"
local sockets = require "sockets"
net.needs()
sockets.needed()

local function begin(root, name, ...)
  check.root = root
  check.succeeds("run", "-d", "--name", name, "--network", "bridge", ...)
  return tiny.json_decode(check.succeeds("inspect", name))[1].state
end

local function reaches(state)
  local netns <close> = tiny.open_ns("net", ("/proc/%d/ns/net"):format(state.pid))
  return sockets.connect { from = netns, to = nil, addr = state.networks[1].gateway } == state.networks[1].addr
end

local one, other = check.root, "/tmp/other-root"
local a, b = begin(one, "a", "sleep", "100"), begin(other, "b", "sleep", "100")
check.equal(reaches(a), true, "one root's")
check.equal(reaches(b), true, "another root's")
check.root = one
check.succeeds("rm", "-f", "a")
check.equal(reaches(b), true, "after the first has gone")
check.equal(tiny.sysctl("net.ipv4.ip_forward"), "1", "the other's forwarding")
check.fails("EBUSY", tiny.pin_clear)

check.root = other
for _, pid in ipairs { b.supervisor.pid, b.pid } do
  local process <close> = tiny.pidfd_open(pid)
  check.kill(process)
end
check.succeeds("gc")
net.nothing_left()

-- A bridge without its rules, as left by a kill.
begin(one, "c", "sleep", "100")
tiny.remove(one .. "/networks/bridge/whole")
check.succeeds("rm", "-f", "c")
net.nothing_left()
tiny.write_file(one .. "/networks/bridge/up", "")
tiny.bridge("td0", { addr = "10.10.0.1/24" }):keep()
local d = begin(one, "d", "sleep", "100")
check.equal(tiny.sysctl("net.ipv6.conf.td0.accept_ra"), "0")
check.equal(reaches(d), true)
check.succeeds("rm", "-f", "d")
net.nothing_left()

-- A topology creates a network, and removes it.
local function bring(isolate)
  tiny.write_file("/tmp/opening.lua", ([[
    return require("tiny.topology").new {
      networks = { shared = { isolate = %s } },
      containers = { c = { network = "shared", command = "exec sleep 100", init = true } },
    }]]):format(isolate))
  check.succeeds("up", "/tmp/opening.lua")
  return tiny.json_decode(check.succeeds("network", "inspect", "opening-shared"))[1].isolate
end
check.equal(bring("false"), false)
check.equal(bring("nil"), true)
check.succeeds("down", "-t", "0", "/tmp/opening.lua")
net.nothing_left()
