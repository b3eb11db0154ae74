-- A network in the kernel: its bridge, filter rules, NAT and the host's forwarding. It exists while a container uses it.
-- All functions run under the networks' lock.
local ipam = require "tiny.net.ipam"
local subnet = require "tiny.net.subnet"
local store = require "tiny.net.store"
local tables = require "tiny.net.tables"
local transit = require "tiny.net.transit"

local bridge, drop = {}, tables.drop

-- Two marker files: `up` means that parts of a network may exist in the kernel, `whole` that all of it does; it has the MTU.
local function mark(network)
  return store.folder(network.name) .. "/up"
end

local function whole(network)
  return store.folder(network.name) .. "/whole"
end

-- A MAC address derived from the IP address: when an address is assigned again, neighbours' ARP caches stay valid.
function bridge.mac(addr)
  local bytes = tiny.parse_addr(addr)
  return ("02:42:%02x:%02x:%02x:%02x"):format(bytes:byte(#bytes - 3, #bytes))
end

local function drop_tables(network)
  for _, name in ipairs { network.bridge, network.bridge .. "-6" } do drop(tiny.nat_del, name) end
  drop(tiny.isolate_del, network.bridge .. "-filter")
end

-- Containers of an internal network reach nothing outside it, not even the host's services. Containers of other networks
-- can be reached only through their published ports, unless the network was created with isolate = false.
local function fence(network)
  if network.isolate == false then return end
  tiny.isolate(network.bridge, { name = network.bridge .. "-filter", outbound = not network.internal, closed = network.internal }):keep()
end

local function translate(network)
  if network.internal then return end
  transit.on("ipv4")
  tiny.nat({ from = network.subnet, name = network.bridge, hairpin = true }):keep()
  if not network.subnet6 then return end
  transit.on("ipv6")
  tiny.nat({ from = network.subnet6, name = network.bridge .. "-6", hairpin = true }):keep()
end

local function addresses(network)
  local list = {}
  for _, of in ipairs { { network.gateway, network.subnet }, network.subnet6 and { network.gateway6, network.subnet6 } } do
    table.insert(list, ("%s/%d"):format(of[1], subnet.parse(of[2]).prefix))
  end
  return list
end

-- The range was free when the network was created, but the host may have a route to it now.
local function check_routes(network)
  for _, text in ipairs { network.subnet, network.subnet6 } do
    local by = store.taken(subnet.parse(text), {})
    if by then
      tiny.fail {
        message = ("network %s cannot be brought up: %s, which overlaps its range %s"):format(network.name, by, text), exit = 125,
        hint = ("remove it and create it again with a free range: tinylua network rm %s"):format(network.name),
      }
    end
  end
end

-- Whether the link exists. Checked by bringing it up, which queries only this link.
local function there(name)
  local _, err = tiny.try(tiny.link_set, name, { up = true })
  if err and err.code ~= "ENODEV" then error(err, 0) end
  return not err
end

-- On a bridge, the host accepts no router advertisements, no packet whose reply would leave by another link, and IPv4
-- redirects only if it does not forward and net.ipv4.conf.all.accept_redirects is on. On a bridge port it accepts nothing:
-- no route uses it, and IPv6 is off.
local BRIDGE = { "ipv4.conf.%s.rp_filter=1", "ipv4.conf.%s.accept_redirects=0", "ipv4.conf.%s.accept_source_route=0", "ipv6.conf.%s.accept_ra=0", "ipv6.conf.%s.accept_redirects=0" }
local PORT = { "ipv4.conf.%s.rp_filter=1", "ipv6.conf.%s.disable_ipv6=1" }

local function distrust(link, settings)
  for _, setting in ipairs(settings) do
    local key, value = setting:format(link):match("^(.*)=(.*)$")
    local _, err = tiny.try(tiny.sysctl, "net." .. key, value)
    -- A host without IPv6 does not have these settings.
    if err and err.code ~= "ENOENT" then error(err, 0) end
  end
end

function bridge.distrust_port(link)
  distrust(link, PORT)
end

-- Whether the tables of a network that is up exist.
local function intact(network, present)
  if network.isolate ~= false and not present["inet tiny-" .. network.bridge .. "-filter"] then return false end
  if network.internal then return true end
  if not present["inet tiny-" .. network.bridge] or not transit.intact("ipv4", present) then return false end
  return not network.subnet6 or present["inet tiny-" .. network.bridge .. "-6"] and transit.intact("ipv6", present)
end

-- Restores the tables if another program has flushed them while networks were up. Missing tables of this network show it,
-- and so do missing pins, which exist from the first port on.
local function restore(network)
  local present = tables.present()
  local up = tiny.stat(whole(network))
  if present["bridge tiny-pins"] and (not up or intact(network, present)) then return end
  local any = false
  for _, other in ipairs(store.list()) do
    local is_up = tiny.stat(whole(other)) and there(other.bridge)
    any = any or is_up
    if is_up and not intact(other, present) then
      drop_tables(other)
      fence(other)
      translate(other)
    end
  end
  if any then require("tiny.net.restore").containers(present) end
end

-- The MTU of the host's way out, so that the containers' packets fit: that of the link of its default route, IPv4 first; nil
-- if it has none. IPv6 needs at least 1280 bytes (RFC 8200).
local function host_mtu(network)
  local best
  for _, route in ipairs(network.internal and {} or tiny.routes()) do
    local better = not best or route.family == "ipv4" and best.family == "ipv6" or route.family == best.family and (route.metric or 0) < (best.metric or 0)
    if route.dst == "default" and route.dev and better then best = route end
  end
  for _, link in ipairs(best and tiny.links() or {}) do
    if link.name == best.dev and link.mtu >= (network.subnet6 and 1280 or 576) then return link.mtu end
  end
end

-- The MTU of the links of a network that is up: as configured, or what it was created with; nil for the kernel's default.
function bridge.mtu(network)
  return network.mtu or math.tointeger(tonumber(tiny.read_file(whole(network)) or ""))
end

-- Before an address of the network is taken: the default network makes way if it is down.
function bridge.make_way(network)
  if network.name == store.DEFAULT and not tiny.stat(mark(network)) then store.move_default(network) end
end

-- Brings up a network. The caller also holds store.shared_lock.
function bridge.up(network)
  restore(network)
  local marked = tiny.stat(mark(network))
  if there(network.bridge) then
    if marked and tiny.stat(whole(network)) then return end
    if not marked then
      tiny.fail {
        message = ("network %s cannot be brought up: a link %s exists that tinylua did not create"):format(network.name, network.bridge), exit = 125,
        hint = ("ip link del %s, or remove the network and create it again: tinylua network rm %s"):format(network.bridge, network.name),
      }
    end
    tiny.link_del(network.bridge) -- left by a killed process
  end
  check_routes(network)
  if not marked then tiny.write_file(mark(network), "") end
  drop(tiny.remove, whole(network)) -- from an earlier boot
  drop_tables(network)
  fence(network)
  translate(network)
  local mtu = network.mtu or host_mtu(network)
  local options = { addr = addresses(network), mac_address = bridge.mac(network.gateway), mtu = mtu, nodad = network.subnet6 and true or nil }
  tiny.bridge(network.bridge, options):keep()
  distrust(network.bridge, BRIDGE)
  tiny.append_file(whole(network), tostring(mtu or ""))
end

-- The host's loopback reaches published ports only if the bridge accepts loopback addresses.
function bridge.open_loopback(network)
  tiny.sysctl(("net.ipv4.conf.%s.route_localnet"):format(network.bridge), "1"):keep()
end

-- Removes a network from the kernel when no container uses it. The marker goes last, so that the next release and gc retry
-- as long as parts of it may remain.
local function down(network)
  if not tiny.stat(mark(network)) or ipam.any(network) then return end
  drop(tiny.remove, whole(network))
  drop_tables(network)
  drop(tiny.link_del, network.bridge)
  tiny.remove(mark(network))
end

-- Releases the leases of containers that no longer exist, in all networks.
function bridge.sweep()
  if not tiny.stat(store.root()) then return end
  local lock <close> = store.lock()
  for _, network in ipairs(store.list()) do ipam.sweep(network) end
end

-- Whether another state root has a network up: its bridge exists or, if another program has removed that, it has pinned a port.
-- A container that starts has a bridge before its first pin.
local function shared()
  for _, link in ipairs(tiny.links()) do
    if link.kind == "bridge" and (link.name:match("^td%d+$") or link.name:match("^tb%x+$")) then return true end
  end
  local _, err = tiny.try(tiny.pin_clear)
  return err ~= nil and err.code == "EBUSY"
end

-- Removes what networks share, unless networks of another state root are up.
local function leave()
  local lock <close> = store.shared_lock()
  local last = not shared()
  if last then drop(tiny.publish_clear) end
  for _, family in ipairs { "ipv4", "ipv6" } do transit.off(family, last) end
end

-- Takes down networks without containers, and what they shared with the last of them. A failure does not stop the others;
-- the first one is thrown at the end.
function bridge.release()
  if not tiny.stat(store.root()) then return end
  local lock <close> = store.lock()
  local up, failure = false, nil
  local function attempt(f, ...)
    local result, err = tiny.try(f, ...)
    failure = failure or err
    return result
  end
  for _, name in ipairs(tiny.list_dir(store.root())) do
    if name:sub(1, 1) ~= "." and tiny.stat(store.folder(name) .. "/up") then
      local network = attempt(store.load, name)
      if network then attempt(down, network) end
      up = up or (network and tiny.stat(mark(network)) ~= nil)
    end
  end
  if not up then attempt(leave) end
  if failure then error(failure, 0) end
end

return bridge
