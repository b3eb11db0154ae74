-- Attaches a container to a network: takes an address, connects its namespace and the bridge with a veth pair that can send
-- only from that address, and registers its names.
local bridge = require "tiny.net.bridge"
local ipam = require "tiny.net.ipam"
local pin = require "tiny.net.pin"
local subnet = require "tiny.net.subnet"
local store = require "tiny.net.store"

local attach = {}

-- The name of the veth's end on the host. An interface name has at most 15 bytes; "tl" and the id's twelve digits take 14.
-- The letter distinguishes a container's links.
local function link_name(id, n)
  return "tl" .. id .. (n == 0 and "" or string.char(0x60 + n))
end

-- Gives the namespace routes that lead everything through the host, also to other members of the network.
local function route_by_host(netns, entry, network, default)
  for _, key in ipairs { "ipv4.conf.all", "ipv4.conf." .. entry.ifname, entry.addr6 and "ipv6.conf." .. entry.ifname } do
    tiny.sysctl(("net.%s.accept_redirects"):format(key), "0", { netns = netns }):keep()
  end
  local via = { { network.gateway, network.subnet }, entry.addr6 and { network.gateway6, network.subnet6 } }
  for _, pair in ipairs(via) do
    local gateway, range = pair[1], subnet.parse(pair[2])
    local own = gateway .. (range.family == "ipv4" and "/32" or "/128")
    tiny.route_add(own, { dev = entry.ifname, netns = netns }):keep()
    tiny.route_add(range.text, { via = gateway, dev = entry.ifname, netns = netns }):keep()
    if default then tiny.route_add("default", { via = gateway, dev = entry.ifname, netns = netns }):keep() end
  end
end

local function cidr(addr, range)
  return ("%s/%d"):format(addr, subnet.parse(range).prefix)
end

-- Takes what --network NAME:ip=… asks for, under the locks. Returns the network as it is now, and the addresses.
local function claim(ctx, request)
  local lock <close> = store.lock()
  local shared <close> = store.shared_lock()
  local network = store.load(request.network.name)
  if not network then
    tiny.fail { message = ("network %s was removed in the meantime"):format(request.network.name), hint = "`tinylua network ls` lists all networks", exit = 125 }
  end
  if not request.ip then bridge.make_way(network) end
  local addr = ipam.take(ctx, network, "ipv4", request.ip)
  local addr6 = network.subnet6 and ipam.take(ctx, network, "ipv6", request.ip6)
  bridge.up(network)
  for _, own in ipairs { addr, addr6 } do ipam.name(ctx, network, own, request.names) end
  return network, addr, addr6
end

-- Connects the namespace `netns` as its n-th interface. request: { network, ip, ip6, mac_address, names, router = whether it
-- forwards packets, gateway = whether its default route uses this network, fenced = called before the link exists if all of its
-- packets must pass the host }. Returns the entry for the record.
function attach.add(ctx, netns, n, request)
  local network, addr, addr6 = claim(ctx, request)
  local entry = {
    network = network.name, link = link_name(ctx.id, n), ifname = "eth" .. n, mac_address = request.mac_address or bridge.mac(addr), addr = addr, addr6 = addr6 or nil,
    router = request.router, subnet = network.subnet, gateway = network.gateway, internal = network.internal,
  }
  local mtu, fenced = bridge.mtu(network), request.fenced
  local addrs, gateways, pinned = { cidr(addr, network.subnet) }, { network.gateway }, pin.of(entry)
  if fenced then addrs[1], gateways = addr .. "/32", {} end
  if addr6 then addrs[2], gateways[2] = fenced and addr6 .. "/128" or cidr(addr6, network.subnet6), not fenced and network.gateway6 or nil end
  ctx.scope:undo("link_del", entry.link)
  ctx.scope:undo("pin_del", entry.link, pinned)
  tiny.pin(entry.link, pinned):keep()
  if fenced then fenced(entry, network.bridge) end
  -- A bridge port needs no address, and a container without IPv6 no IPv6 link-local one: the packets of duplicate address
  -- detection would reach every other container.
  tiny.veth_pair({ name = entry.link, bridge = network.bridge, hairpin = true, pinned = true, link_local = false, mtu = mtu }, {
    name = entry.ifname, netns = netns, mac_address = entry.mac_address, mtu = mtu, link_local = addr6 ~= nil, addr = addrs, nodad = addr6 and true or nil,
    gateway = request.gateway and not fenced and gateways or nil,
  }):keep()
  if fenced then route_by_host(netns, entry, network, request.gateway) end
  bridge.distrust_port(entry.link)
  if tiny.settings.log then tiny.log("debug", "on a network", { id = ctx.id, network = network.name, link = entry.link, addr = addr, addr6 = addr6 or nil }) end
  return entry
end

-- The network among these that has the default route: the first that is not internal; nil if there is none.
function attach.way_out(entries)
  for _, entry in ipairs(entries) do
    if not entry.internal then return entry end
  end
end

-- Gives the namespace `netns` its default route through this network, instead of another that it has left.
function attach.route(netns, entry)
  local network = store.load(entry.network)
  for _, gateway in ipairs { network.gateway, entry.addr6 and network.gateway6 } do
    local _, err = tiny.try(function() tiny.route_add("default", { via = gateway, dev = entry.ifname, netns = netns }):keep() end)
    -- The container's root may have a route of its own.
    if err and err.code ~= "EEXIST" then error(err, 0) end
  end
end

-- Removes a container's link, addresses and names from a network.
function attach.remove(container, entry)
  tiny.try(tiny.link_del, entry.link)
  tiny.try(tiny.pin_del, entry.link, pin.of(entry))
  local lock <close> = store.lock()
  local folder = store.folder(entry.network)
  for _, addr in ipairs { entry.addr, entry.addr6 } do
    tiny.try(tiny.remove, ("%s/leases/%s@%s"):format(folder, addr, container.id))
    for _, name in ipairs(tiny.list_dir(folder .. "/names") or {}) do
      tiny.try(tiny.remove, ("%s/names/%s/%s@%s"):format(folder, name, addr, container.id))
    end
  end
end

return attach
