-- Three nodes, each in its own network, and a router between them: `tinylua up router.lua`, then
-- `tinylua exec router-node1 busybox ping 10.77.3.2`, and `tinylua network link router-lan3 router-router down`.
local topology = require "tiny.topology"

local networks, containers = {}, {}

local router = { network = {}, command = "exec sleep infinity", init = true, after = {} }
function router.after.network(ctx) tiny.sysctl("net.ipv4.ip_forward", 1, { netns = ctx.netns }):keep() end

for n = 1, 3 do
  local lan, gate = "lan" .. n, ("10.77.%d.254"):format(n)
  networks[lan] = { subnet = ("10.77.%d.0/24"):format(n), internal = true }
  router.network[n] = { name = lan, ip = gate, router = true } -- it forwards packets of others
  containers["node" .. n] = {
    network = lan, needs = { "router" }, command = "exec sleep infinity", init = true, cap_add = { "NET_RAW" }, -- for ping
    after = { network = function(ctx) tiny.route_add("10.77.0.0/16", { via = gate, netns = ctx.netns }) end },
  }
end
containers.router = router

return topology.new { networks = networks, containers = containers }
