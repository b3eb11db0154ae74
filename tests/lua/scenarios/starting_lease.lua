-- The address of a container that is being started is reserved: a concurrent command neither takes it nor removes the
-- network. The address of a container that has ended is free.
local check = require "check"

if tiny.probe().network.nftables == false then check.skip("this kernel has no nftables for the rules of a network") end

-- The start continues when the gate is open; its address is reserved.
tiny.mknod("/tmp/gate", "fifo")
tiny.mknod("/tmp/begun", "fifo")
tiny.write_file("/tmp/slow.lua", [[
return require("tiny.container").new {
  name = "slow", network = "blue", ip = "10.77.0.5", command = { "sleep", "60" },
  after = { network = function()
    local f = io.open("/tmp/begun", "w") f:write("x") f:close()
    f = io.open("/tmp/gate") f:read(1) f:close()
  end },
}]])
check.succeeds("network", "create", "--subnet", "10.77.0.0/24", "blue")
local starter <close> = tiny.fork(function() check.succeeds("run", "-d", "/tmp/slow.lua") end)
tiny.open("/tmp/begun"):read(1)
local state = require "tiny.store.state"
local id = tiny.read_file(check.root .. "/names/slow")
check.equal(state.load(id).state.status, "starting")

local refused = check.run { "run", "--network", "blue", "--ip", "10.77.0.5", "true" }
assert(refused.err:find("10.77.0.5 in network blue is used by container slow", 1, true), refused.err)
check.equal(refused.status, 125)
local removed = check.run { "network", "rm", "blue" }
check.equal(removed.status, 125, "a network in use: " .. removed.out)
check.succeeds("gc")
local store, ipam = require "tiny.net.store", require "tiny.net.ipam"
local blue = store.load("blue")
assert(ipam.any(blue), "somebody uses the network")
ipam.sweep(blue)
check.equal(ipam.holder("blue", "10.77.0.5"), id)

local gate = tiny.open("/tmp/gate", { write = true })
gate:write("x")
gate:close()
check.equal(starter:wait(), 0)
-- A name that a container queries cannot lead to another directory.
check.equal(table.concat(ipam.lookup("blue", "slow"), " "), "10.77.0.5")
for _, name in ipairs { "../leases", "../names/slow", "slow/.", ".", "..", ".hidden", "slow\0", ("x"):rep(256), "" } do
  check.equal(ipam.lookup("blue", name), nil, name)
end
check.equal(check.succeeds("exec", "slow", "hostname", "-i"):match("10%.77%.0%.5"), "10.77.0.5")
check.succeeds("stop", "-t", "0", "slow")
assert(not ipam.any(blue), "nobody uses it any more")
-- A failed cleanup has left the lease: no process holds it.
local lease = ("%s/networks/blue/leases/10.77.0.5@%s"):format(check.root, id)
for _, look in ipairs { ipam.any, ipam.sweep } do
  tiny.mkdir(lease)
  assert(not look(blue))
  check.equal(tiny.stat(lease), nil)
end
tiny.mkdir(lease)
check.equal(check.succeeds("run", "--rm", "--network", "blue", "--ip", "10.77.0.5", "echo", "free"), "free\n")
check.succeeds("rm", "slow")
check.succeeds("network", "rm", "blue")
check.no_container()
