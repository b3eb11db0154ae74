-- One container on one network: an address, a cable between its namespace and the bridge by which it sends from
-- that address only, its names.
local bridge = require "tiny.net.bridge"
local lease = require "tiny.net.lease"
local range = require "tiny.net.range"
local store = require "tiny.net.store"

local attach = {}

-- The cable's end on the host: an interface's name has at most 15 bytes, "tl" and the id's twelve
-- digits are 14. The letter tells a container's cables apart.
local function cable(id, n)
  return "tl" .. id .. (n == 0 and "" or string.char(0x60 + n))
end

local function cidr(addr, subnet)
  return ("%s/%d"):format(addr, range.parse(subnet).prefix)
end

-- The link-local address that the kernel gives an interface of this hardware address (RFC 4291, modified EUI-64).
local function link_local(mac)
  local bytes = {}
  for byte in mac:gmatch("%x%x") do table.insert(bytes, tonumber(byte, 16)) end
  local a, b, c, d, e, f = table.unpack(bytes)
  return tiny.format_addr("\xfe\x80\0\0\0\0\0\0" .. string.char(a ~ 2, b, c, 0xff, 0xfe, d, e, f))
end

-- What the container's cable may send from: tiny.pin's options.
local function pin_of(entry)
  return { mac = entry.mac, addr = { entry.addr, entry.addr6, entry.addr6 and link_local(entry.mac) }, router = entry.router }
end

-- Pins a cable that is there, when its pin was flushed.
function attach.pin(entry)
  tiny.pin(entry.link, pin_of(entry)):keep()
end

-- What is written as --network NAME:ip=…, in the words of the record.
local function claim(ctx, network, wish)
  local lock <close> = store.lock()
  if not store.load(network.name) then
    tiny.fail { message = ("network %s was removed meanwhile"):format(network.name), hint = "`tinylua network ls` lists those that are there", exit = 125 }
  end
  local addr = lease.take(ctx, network, "ipv4", wish.ip)
  local addr6 = network.subnet6 and lease.take(ctx, network, "ipv6", wish.ip6)
  bridge.up(network)
  for _, own in ipairs { addr, addr6 } do lease.name(ctx, network, own, wish.names) end
  return addr, addr6
end

-- Connects the namespace `netns` as its n-th interface. wish: { network, ip, ip6, mac, names, router = whether it
-- forwards packets of others, gateway = whether its default route goes here }. Returns what is on record of it.
function attach.add(ctx, netns, n, wish)
  local network = wish.network
  local addr, addr6 = claim(ctx, network, wish)
  local entry = {
    network = network.name, link = cable(ctx.id, n), ifname = "eth" .. n, mac = wish.mac or bridge.mac(addr), addr = addr, addr6 = addr6 or nil,
    router = wish.router, subnet = network.subnet, gateway = network.gateway, internal = network.internal,
  }
  local addrs, gateways, pin = { cidr(addr, network.subnet) }, { network.gateway }, pin_of(entry)
  if addr6 then addrs[2], gateways[2] = cidr(addr6, network.subnet6), network.gateway6 end
  ctx.scope:undo("link_del", entry.link)
  ctx.scope:undo("pin_del", entry.link, pin)
  tiny.pin(entry.link, pin):keep()
  -- A port of a bridge needs no address, and a container without IPv6 none of IPv6's own: what they would send
  -- to find out whether it is theirs goes to every other container.
  tiny.veth_pair({ name = entry.link, bridge = network.bridge, hairpin = true, pinned = true, link_local = false, mtu = network.mtu }, {
    name = entry.ifname, netns = netns, mac = entry.mac, mtu = network.mtu, link_local = addr6 ~= nil, addr = addrs, nodad = addr6 and true or nil,
    gateway = wish.gateway and gateways or nil,
  }):keep()
  bridge.distrust_port(entry.link)
  if tiny.settings.log then tiny.log("debug", "on a network", { id = ctx.id, network = network.name, link = entry.link, addr = addr, addr6 = addr6 or nil }) end
  return entry
end

-- Takes a container off a network: its cable, its addresses and its names there.
function attach.remove(container, entry)
  tiny.try(tiny.link_del, entry.link)
  tiny.try(tiny.pin_del, entry.link, pin_of(entry))
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
