-- A network lab without programs: two sites, two paths between them, and what happens when the better one fails.
-- Every node is a network namespace. Run it with `tinylua run lab.lua`.
local nodes, cables = {}, {}
for _, name in ipairs { "left", "right", "fast", "slow" } do
  nodes[name] = tiny.netns()
  tiny.link_set("lo", { netns = nodes[name], up = true })
end

-- A link between two nodes; each end is named after the other node.
local function cable(a, a_addr, b, b_addr)
  cables[a .. b] = tiny.veth_pair({ name = "to-" .. b, netns = nodes[a], addr = a_addr }, { name = "to-" .. a, netns = nodes[b], addr = b_addr })
end
cable("left", "10.1.1.1/24", "fast", "10.1.1.2/24")
cable("fast", "10.2.1.2/24", "right", "10.2.1.1/24")
cable("left", "10.1.2.1/24", "slow", "10.1.2.2/24")
cable("slow", "10.2.2.2/24", "right", "10.2.2.1/24")
for _, name in ipairs { "fast", "slow" } do tiny.sysctl("net.ipv4.ip_forward", 1, { netns = nodes[name] }) end

-- Each site has its own address, reachable over either path; the route with the smaller metric wins.
tiny.addr_add("lo", "10.0.0.1/32", { netns = nodes.left })
tiny.addr_add("lo", "10.0.0.2/32", { netns = nodes.right })
for link, metric in pairs { fast = 10, slow = 20 } do
  local n = link == "fast" and 1 or 2
  tiny.route_add("10.0.0.2/32", { netns = nodes.left, via = ("10.1.%d.2"):format(n), metric = metric })
  tiny.route_add("10.0.0.1/32", { netns = nodes.right, via = ("10.2.%d.2"):format(n), metric = metric })
  tiny.route_add("10.0.0.2/32", { netns = nodes[link], via = ("10.2.%d.1"):format(n) })
  tiny.route_add("10.0.0.1/32", { netns = nodes[link], via = ("10.1.%d.1"):format(n) })
end

-- Sends from a node; the kernel of the other nodes answers, so no program runs there.
local function ask(node, command)
  local child <close> = tiny.clone({ net = nodes[node] }, function() tiny.exec { "/bin/sh", "-c", command } end)
  return child:wait() == 0
end
local function reached()
  return ask("left", "busybox ping -c 1 -W 2 -I 10.0.0.1 10.0.0.2 >/dev/null 2>&1")
end
local function active()
  for _, route in ipairs(tiny.routes { netns = nodes.left }) do
    if route.dst == "10.0.0.2/32" then return route.via == "10.1.1.2" and "fast" or "slow" end
  end
end
local function report(when)
  print(("%-16s %s"):format(when, reached() and "reached over the " .. active() .. " link" or "not reached"))
end

report "both links up:"
-- A link that goes down loses its routes.
tiny.link_set("to-fast", { netns = nodes.left, up = false })
tiny.link_set("to-fast", { netns = nodes.right, up = false })
report "fast link down:"
tiny.link_set("to-slow", { netns = nodes.left, up = false })
report "both links down:"
for _, thing in pairs(cables) do thing:close() end
