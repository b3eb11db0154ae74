-- The network of a container as the kernel has it: links with their addresses and the ends of their cables on
-- the host, routes, ports on which somebody listens, and the ports of the host that lead there.
local network = {}

-- A container can listen on as many ports as there are; so many links, routes and ports are told of.
local MOST = 100
local LISTEN = "0A" -- TCP_LISTEN (include/net/tcp_states.h)

-- An address of /proc/net/tcp: words in the machine's order of bytes, in hexadecimal.
local function addr_of(hex)
  local bytes = hex:gsub("%x%x%x%x%x%x%x%x", function(word) return string.pack("=I4", tonumber(word, 16)) end)
  return (tiny.format_addr(bytes))
end

-- Who is called: TCP sockets that listen, lowest port first.
local function listening(held)
  local list, seen = {}, {}
  for _, file in ipairs { "net/tcp", "net/tcp6" } do
    for addr, port, state in (held:read(file) or ""):gmatch("\n%s*%d+: (%x+):(%x+) %x+:%x+ (%x%x)") do
      local one = { addr = state == LISTEN and addr_of(addr), port = tonumber(port, 16) }
      local key = one.addr and one.addr .. " " .. one.port
      if key and not seen[key] and #list < MOST then
        seen[key] = true
        table.insert(list, one)
      end
    end
  end
  table.sort(list, function(a, b) return a.port < b.port or (a.port == b.port and a.addr < b.addr) end)
  return list
end

-- The other end of a cable, when that is on the host: each names the other.
local function peer_of(link, outside)
  for _, other in ipairs(link.peer and outside or {}) do
    if other.index == link.peer and other.peer == link.index then return { name = other.name, bridge = other.master, up = other.up } end
  end
end

local function links_of(netns)
  local list, outside = {}, tiny.links()
  for i, link in ipairs(tiny.links { netns = netns }) do
    if i > MOST then break end
    table.insert(list, {
      name = link.name, kind = link.kind, mac = link.mac, mtu = link.mtu, up = link.up, addrs = link.addrs, peer = peer_of(link, outside),
    })
  end
  return list
end

local function routes_of(netns)
  local routes = tiny.routes { netns = netns }
  return table.move(routes, 1, math.min(#routes, MOST), 1, {})
end

-- own: whether the process's network namespace is another than the caller's; the host's own is not listed.
function network.of(process, held, own, container)
  local state, config = container and container.state or {}, container and container.config or {}
  local found = { mode = config.network, own = own, ports = state.ports, networks = {}, links = {}, routes = {}, listening = {} }
  for _, entry in ipairs(state.networks or {}) do
    table.insert(found.networks, { name = entry.network, link = entry.link, ifname = entry.ifname, addr = entry.addr, addr6 = entry.addr6 })
  end
  if not own then return found end
  found.listening = listening(held)
  local _, err = tiny.try(function()
    local netns <close> = tiny.open_ns("net", process or nil)
    found.links, found.routes = links_of(netns), routes_of(netns)
  end)
  -- An ordinary user may not look into a namespace without joining its user namespace.
  found.unseen = err and err.message
  return found
end

return network
