-- The router of an unprivileged user's container with egress rules: a network namespace between the container and pasta or
-- slirp4netns. An outer user namespace owns it; the container's user namespace is a child of that one. Privileges inside the
-- container therefore reach neither the rules nor the way out, whatever the container's root does in its own namespace.
--
--   container (eth0) — veth — router (nftables, masquerading) — tap0 — pasta or slirp4netns — the host's sockets
--
-- A process without open files holds the router's namespaces, so that others can join them as long as the container runs.
local keeper = require "tiny.egress.keeper"
local outer = require "tiny.egress.outer"
local ports = require "tiny.net.ports"
local rootless = require "tiny.net.rootless"
local state = require "tiny.store.state"
local subnet = require "tiny.net.subnet"

local router = {}

local LINK, PROGRAM, INSIDE = outer.LINK, outer.PROGRAM, "eth0"
-- The MTU of pasta's and slirp4netns' links; a smaller one on the way costs throughput.
local MTU = 65520
-- Ranges between router and container. They are not routed anywhere else, so one is enough unless the host uses it.
local RANGES = { "10.187.143.0/30", "172.27.143.0/30", "192.168.187.0/30" }
local RANGE6 = "fd74:6c75:6172::/126"
-- slirp4netns' IPv6 network, which is fixed.
local SLIRP6 = { addr = "fd00::100/64", gateway = "fd00::2" }
local PRIVATE_FILE = tonumber("600", 8)

-- The router accepts from the container's side no redirects, no router advertisements, no source routes, and no packets whose
-- reply would leave by another link.
local DISTRUST = {
  ["ipv4.conf.%s.rp_filter"] = "1", ["ipv4.conf.%s.accept_redirects"] = "0", ["ipv4.conf.%s.send_redirects"] = "0",
  ["ipv4.conf.%s.accept_source_route"] = "0", ["ipv6.conf.%s.accept_ra"] = "0", ["ipv6.conf.%s.accept_redirects"] = "0",
}

-- Whether a container with this network has a router.
function router.serves(spec)
  return spec.egress ~= nil and (spec.network == "pasta" or spec.network == "slirp4netns")
end

-- Creates the two user namespaces. They have the same ids, so that the container's files belong to the same users as those of
-- containers without a router. Returns the container's.
function router.userns(ctx, maps)
  local same = {}
  for key, map in pairs(maps) do
    same[key] = {}
    for i, entry in ipairs(map) do same[key][i] = { entry[1], entry[1], entry[3] } end
  end
  ctx.outer = ctx.scope:add(tiny.userns(maps))
  return tiny.userns { parent = ctx.outer, uid_map = same.uid_map, gid_map = same.gid_map }
end

local function free_range(routes)
  for _, text in ipairs(RANGES) do
    local own, taken = subnet.parse(text), false
    for _, route in ipairs(routes) do
      local other = route.dst ~= "default" and subnet.parse(route.dst)
      taken = taken or other and other.prefix > 0 and subnet.overlap(own, other)
    end
    if not taken then return own end
  end
  tiny.fail {
    message = "network: the host has routes to all ranges that a router can use: " .. table.concat(RANGES, ", "), exit = 125,
    hint = "`ip route` shows them; remove one that is not needed",
  }
end

-- The addresses of both ends: IPv4, and IPv6 if the host has a way out with it.
local function plan()
  local routes = tiny.routes()
  local ranges = { free_range(routes) }
  for _, route in ipairs(routes) do
    if route.dst == "default" and route.family == "ipv6" then ranges[2] = subnet.parse(RANGE6) end
  end
  local found = { ranges = ranges, near = {}, far = {}, gateways = {}, addrs = {} }
  for i, range in ipairs(ranges) do
    found.gateways[i], found.addrs[i] = subnet.at(range, 1), subnet.at(range, 2)
    found.near[i], found.far[i] = found.gateways[i] .. "/" .. range.prefix, found.addrs[i] .. "/" .. range.prefix
  end
  return found
end

local function set(key, value)
  local _, err = tiny.try(tiny.sysctl, key, value)
  -- A kernel without IPv6 does not have its settings.
  if err and err.code ~= "ENOENT" then error(err, 0) end
end

-- Connections that pasta or slirp4netns has accepted on the host arrive at the router's address, or on its loopback.
local function published(held, addr)
  local list = {}
  for i, port in ipairs(held) do list[i] = { port = port.port, addr = addr, to = port.to, proto = port.proto } end
  return list
end

-- In the router: the link to the container, forwarding and translation.
local function build(ctx, held, way)
  tiny.link_set("lo", { up = true })
  tiny.link_set("lo", { netns = ctx.netns, up = true })
  tiny.veth_pair({ name = LINK, addr = way.near, nodad = true, mtu = MTU },
    { name = INSIDE, netns = ctx.netns, addr = way.far, nodad = true, mtu = MTU, gateway = way.gateways }):keep()
  for key, value in pairs(DISTRUST) do set("net." .. key:format(LINK), value) end
  if #held > 0 then set(("net.ipv4.conf.%s.route_localnet"):format(LINK), "1") end
  for i, range in ipairs(way.ranges) do
    set(i == 1 and "net.ipv4.ip_forward" or "net.ipv6.conf.all.forwarding", "1")
    -- The pasta of Debian 12 sends segments without the ACK flag, which fit no connection.
    tiny.nat({ drop_invalid = i == 1, from = range.text, name = i == 1 and "router" or "router-6", publish = i == 1 and published(held, way.addrs[1]) or nil, hairpin = false }):keep()
  end
end

-- In the router, when slirp4netns serves it: its IPv6 addresses. A router ignores the advertisements that would set them.
local function finish(way, program)
  if program ~= "slirp4netns" or not way.ranges[2] then return end
  tiny.addr_add(PROGRAM, SLIRP6.addr, { nodad = true }):keep()
  tiny.route_add("default", { via = SLIRP6.gateway, dev = PROGRAM }):keep()
end

-- Starts the process that builds the router and then holds its namespaces. serve(pid, netns) is called when it is built, and
-- starts what serves it. The process records itself before that, and ends with the supervisor if that is killed meanwhile.
local function hold(ctx, held, way, serve)
  local built, tell_built = tiny.pipe()
  local served, tell_served = tiny.pipe()
  local path = ctx.run .. rootless.HOLDER
  local net <close> = tiny.netns { user = ctx.outer }
  local child = tiny.clone({ user = ctx.outer, net = net }, function()
    built:close()
    tell_served:close()
    tiny.setsid()
    tiny.set_process_title("tinylua: router of " .. ctx.name)
    build(ctx, held, way)
    tiny.write_file(path, tiny.json_encode(state.self()), { mode = PRIVATE_FILE })
    -- pasta and slirp4netns find the namespaces by its pid.
    tiny.set_dumpable(true)
    tell_built:write("y")
    if served:read() ~= "y" then tiny.fail("the supervisor has ended, or could not start what serves the router") end
    finish(way, ctx.spec.network)
    tiny.withdraw_fds()
    tiny.notify_ready()
    while true do tiny.poll({}, "1h") end
  end)
  tell_built:close()
  served:close()
  local _, err = tiny.try(function()
    if built:read() == "y" then serve(child.pid, net) end
    tiny.try(tell_served.write, tell_served, "y") -- it may have failed; wait_ready reports the error
    tell_served:close()
    child:wait_ready()
  end)
  built:close()
  tell_served:close()
  if not err then return child:keep() end
  child:close()
  error(err, 0)
end

-- Creates the container's network namespace, its router, the program that serves the router, and the keeper, which starts while
-- the program does. Nothing can be sent before the keeper has created the fence: the container has no process yet.
function router.connect(ctx)
  ctx.netns = ctx.scope:add(tiny.netns { user = ctx.userns })
  local held, way, never = ports.choose(ctx), plan(), outer.never(ctx.spec)
  local servers, dns = outer.servers(ctx.spec, never)
  local link = { link = LINK, addrs = way.addrs, only = true }
  ctx.holder = hold(ctx, held, way, function(pid, net)
    local wait = rootless.serve(ctx, held, pid, { link = PROGRAM, ipv6 = way.ranges[2] ~= nil, dns = dns })
    keeper.start(ctx, outer.where(ctx.netns, { user = ctx.outer, net = net }, link, { never = never, servers = servers }))
    wait()
  end)
  ctx.ports = #held > 0 and held or nil
end

return router
