-- Many concurrent starts: no address is used twice, and each is released; the limits of a network.
local check = require "check"
local net = require "networked"
net.needs()

local STARTS, SHELLS = 96, 8
check.succeeds("network", "create", "many", "--subnet", "10.60.0.0/24", "--internal", "--ipv6")
local children = {}
for shell = 1, SHELLS do
  children[shell] = tiny.fork(function()
    for n = 1, STARTS / SHELLS do check.succeeds("run", "-d", "--name", ("c%d-%d"):format(shell, n), "--network", "many", "sleep", "100") end
    return 0
  end)
end
for _, child in ipairs(children) do check.equal(child:wait(), 0, "a shell") end

local seen, names = {}, {}
for _, c in ipairs(tiny.json_decode(check.succeeds("ps", "--format", "json", "--filter", "network=many"))) do
  for _, addr in ipairs { c.networks[1].addr, c.networks[1].addr6 } do
    assert(not seen[addr], addr .. " twice")
    seen[addr] = true
  end
  table.insert(names, c.name)
end
check.equal(#names, STARTS)
check.succeeds("rm", "-f", table.unpack(names))
check.equal(#(tiny.list_dir(check.root .. "/networks/many/leases")), 0, "leases")
check.succeeds("network", "rm", "many")

-- A subnet without free addresses is reported.
check.succeeds("network", "create", "small", "--subnet", "10.61.0.0/29")
for n = 1, 5 do check.succeeds("run", "-d", "--name", "s" .. n, "--network", "small", "sleep", "100") end
local full = check.run { "run", "--network", "small", "true" }
assert(full.err:find("all addresses of 10.61.0.0/29 in network small are in use", 1, true), full.err)
check.succeeds("rm", "-f", "s3")
check.equal(check.succeeds("run", "--rm", "--network", "small", "sh", "-c", "ip -o -4 addr show eth0 | grep -o 10.61.0.[0-9] | head -1"), "10.61.0.4\n")
check.succeeds("rm", "-f", "s1", "s2", "s4", "s5")
check.succeeds("network", "rm", "small")

-- An internal network has no way out, whatever routes its containers add; the host's forwarding is on for another
-- network.
local machine <close> = tiny.netns()
tiny.veth_pair({ name = "test0", addr = "192.0.2.1/24" }, { name = "eth0", netns = machine, addr = "192.0.2.2/24", gateway = "192.0.2.1" })
check.succeeds("network", "create", "closed", "--internal")
check.succeeds("run", "-d", "--cap-add", "net_raw", "--name", "open", "--network", "bridge", "sleep", "100")
tiny.write_file("/tmp/escape.lua", [[
return require("tiny.container").new {
  network = "closed", cap_add = { "NET_RAW" }, command = "busybox ping -c1 -W1 192.0.2.2 >/dev/null && echo out || echo in",
  after = { network = function(ctx) tiny.route_add("default", { via = ctx.networks[1].gateway, netns = ctx.netns }) end },
}]])
check.equal(check.succeeds("run", "--rm", "/tmp/escape.lua"), "in\n")
check.equal(check.succeeds("exec", "open", "sh", "-c", "busybox ping -c1 -W1 192.0.2.2 >/dev/null && echo out"), "out\n")
check.succeeds("rm", "-f", "open")
check.succeeds("network", "rm", "closed")

-- A rate limits the traffic of a link: two megabytes at 8 Mbit/s take two seconds, minus the first burst.
net.serve("slow", "--network", "bridge", "--net-rate", "8mbit")
check.succeeds("exec", "slow", "sh", "-c", "busybox dd if=/dev/zero of=/srv/big bs=1k count=2048 2>/dev/null")
local began = tiny.clock("monotonic")
local addr = check.succeeds("inspect", "slow", "--format", "state.networks[1].addr"):gsub("\n", "")
assert(net.fetch(("http://%s/big"):format(addr)), addr)
local took = tiny.clock("monotonic") - began
assert(took > 1.5, ("2 MiB at 8 Mbit/s took %.2f s"):format(took))
check.succeeds("rm", "-f", "slow")
check.no_container()
net.nothing_left()
