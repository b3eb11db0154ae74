-- A snapshot of the containers' networks in the kernel, as plain tables: bridges with their ports, containers with their links,
-- and the published ports. graph.lua draws it.
local state = require "tiny.state"
local store = require "tiny.net.store"

local picture = {}

local function by_name(links)
  local named = {}
  for _, link in ipairs(links) do named[link.name] = link end
  return named
end

-- The links of a running container, from its own namespace, each with the bridge at its other end.
local function interfaces(container, named)
  local process <close> = state.process(container)
  if not process then return nil end
  local netns <close> = tiny.open_ns("net", process)
  local veths, list = {}, {}
  for _, entry in ipairs(container.state.networks or {}) do veths[entry.ifname] = entry.link end
  for _, link in ipairs(tiny.links { netns = netns }) do
    local outer = named[veths[link.name] or ""]
    if link.name ~= "lo" then
      table.insert(list, {
        -- A veth pair carries packets while both its ends are up.
        name = link.name, kind = link.kind, mac_address = link.mac_address, up = link.up and (not outer or outer.up), addrs = link.addrs, outer = outer and outer.name,
        bridge = outer and outer.master,
      })
    end
  end
  return list
end

-- The bridges that exist, by recorded network.
local function bridges(named)
  local list = {}
  for _, network in ipairs(store.list()) do
    local link = named[network.bridge]
    if link then
      table.insert(list, { name = link.name, network = network.name, addrs = link.addrs, up = link.up, internal = network.internal, mtu = link.mtu })
    end
  end
  return list
end

-- Everything: { bridges, containers, published, uplinks }.
function picture.take()
  local links = tiny.links()
  local named = by_name(links)
  local found = { bridges = bridges(named), containers = {}, published = tiny.try(tiny.published) or {}, uplinks = {} }
  for _, route in ipairs(tiny.routes()) do
    if route.dst == "default" and route.dev then table.insert(found.uplinks, { name = route.dev, via = route.via }) end
  end
  for _, container in ipairs(state.list()) do
    local list = container.state.status == "running" and interfaces(container, named)
    if list then
      table.insert(found.containers, { id = container.id, name = container.config.name, mode = container.config.network, links = list })
    end
  end
  return found
end

-- The part of a snapshot that concerns one container.
function picture.around(found, id)
  local part, used = { bridges = {}, containers = {}, published = found.published, uplinks = found.uplinks }, {}
  for _, container in ipairs(found.containers) do
    if container.id == id then part.containers[1] = container end
  end
  for _, link in ipairs(part.containers[1] and part.containers[1].links or {}) do used[link.bridge or ""] = true end
  for _, bridge in ipairs(found.bridges) do
    if used[bridge.name] then table.insert(part.bridges, bridge) end
  end
  return part
end

return picture
