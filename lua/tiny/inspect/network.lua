-- The network of a container as the kernel reports it: links with their addresses and peers on the host, routes, listening
-- ports, and the host ports that are forwarded to it.
local network = {}

-- The maximum number of listed links, routes and ports.
local MOST = 100
local LISTEN = "0A" -- TCP_LISTEN (include/net/tcp_states.h)

-- Parses an address of /proc/net/tcp: hexadecimal words in the machine's byte order.
local function addr_of(hex)
  local bytes = hex:gsub("%x%x%x%x%x%x%x%x", function(word) return string.pack("=I4", tonumber(word, 16)) end)
  return (tiny.format_addr(bytes))
end

-- Listening TCP sockets, lowest port first.
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

-- The peer of a veth if it is on the host: each refers to the other.
local function peer_of(link, outside)
  for _, other in ipairs(link.peer and outside or {}) do
    if other.index == link.peer and other.peer == link.index then return { name = other.name, bridge = other.master, up = other.up } end
  end
end

-- The links and routes of a namespace; nil is this process's own.
local function look(netns)
  local options = netns and { netns = netns } or {}
  local found, outside = { links = {}, routes = tiny.routes(options) }, tiny.links()
  for i, link in ipairs(tiny.links(options)) do
    if i > MOST then break end
    table.insert(found.links, {
      name = link.name, kind = link.kind, mac_address = link.mac_address, mtu = link.mtu, up = link.up, addrs = link.addrs, peer = netns and peer_of(link, outside) or nil,
    })
  end
  found.routes = table.move(found.routes, 1, math.min(#found.routes, MOST), 1, {})
  return found
end

-- The same from inside, for an unprivileged user, who may read them only as the namespace's root.
local function look_inside(process)
  local from, into = tiny.pipe()
  local user <close> = tiny.open_ns("user", process)
  local net <close> = tiny.open_ns("net", process)
  local child <close> = tiny.clone({ user = user, net = net }, function()
    from:close()
    into:write(tiny.json_encode(look()))
  end)
  into:close()
  local parts = {}
  for bytes in function() return from:read() end do table.insert(parts, bytes) end
  from:close()
  child:wait()
  return tiny.json_decode(table.concat(parts))
end

-- own: whether the process's network namespace differs from the caller's; the host's is not listed.
function network.of(process, held, own, container)
  local state, config = container and container.state or {}, container and container.config or {}
  local found = { mode = config.network, own = own, ports = state.ports, networks = {}, links = {}, routes = {}, listening = {} }
  for _, entry in ipairs(state.networks or {}) do
    table.insert(found.networks, { name = entry.network, link = entry.link, ifname = entry.ifname, addr = entry.addr, addr6 = entry.addr6 })
  end
  if not own then return found end
  found.listening = listening(held)
  local seen, err = tiny.try(function()
    if process and require("tiny.base.rootless").is() then return look_inside(process) end
    local netns <close> = tiny.open_ns("net", process or nil)
    return look(netns)
  end)
  if seen then found.links, found.routes = seen.links, seen.routes end
  found.unseen = err and err.message
  return found
end

return network
