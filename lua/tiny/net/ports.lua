-- Published ports: parses `-p`, reserves host ports and forwards them to the container. The supervisor keeps a bound socket
-- for each port, so that no other container or program can take it.
local state = require "tiny.store.state"

local ports = {}

local SHOWN = "[HOST:][PORT:]PORT[/tcp|/udp], such as 8080:80, 127.0.0.1:53:53/udp or 8000-8010:80-90"

local function wrong(text, why, hint)
  tiny.fail { message = ("publish: %s: %s"):format(tiny.show(text), why), hint = hint, exit = 125 }
end

-- "80" or "80-90" as two numbers.
local function span(text, part)
  local first, last = part:match("^(%d+)%-(%d+)$")
  first, last = math.tointeger(tonumber(first or part:match("^%d+$"))), math.tointeger(tonumber(last or part))
  if not first then wrong(text, ("%s is not a port"):format(tiny.show(part)), "the format is " .. SHOWN) end
  if first < 1 or last > 65535 then wrong(text, ("%s is not between 1 and 65535"):format(part)) end
  if last < first then wrong(text, ("%s ends before it begins"):format(part)) end
  return first, last
end

-- The parts of "[HOST:][PORT:]PORT"; an IPv6 address is in brackets.
local function parts(text, rest)
  local host, others = rest:match("^%[([^%]]*)%]:(.*)$")
  local fields = {}
  for field in ((others or rest) .. ":"):gmatch("([^:]*):") do table.insert(fields, field) end
  if not host and #fields == 3 then host = table.remove(fields, 1) end
  if host == "" then host = nil end
  if #fields > 2 then wrong(text, "too many colons", "the format is " .. SHOWN) end
  if host and not tiny.parse_addr(host) or host and host:find("/", 1, true) then wrong(text, ("%s is not an address"):format(tiny.show(host))) end
  if #fields == 2 then return host, fields[1] ~= "" and fields[1] or nil, fields[2] end
  if others then return host, nil, fields[1] end
  return host, nil, fields[1]
end

-- Parses one text to a list of { host, port (nil: any), to, proto }.
local function parse(text)
  local rest, proto = text:match("^(.*)/(%a+)$")
  rest, proto = rest or text, proto and proto:lower() or "tcp"
  if proto ~= "tcp" and proto ~= "udp" then wrong(text, ("unknown protocol %s; use tcp or udp"):format(proto)) end
  local host, own, to = parts(text, rest)
  local to_first, to_last = span(text, to)
  local first, last
  if own then first, last = span(text, own) end
  if first and last - first ~= to_last - to_first then wrong(text, "the two ranges differ in length") end
  local list = {}
  for n = 0, to_last - to_first do
    table.insert(list, { host = host, port = first and first + n or nil, to = to_first + n, proto = proto })
  end
  return list
end

-- Checks the ports to publish and normalizes them; checking the result again changes nothing. ipv6: whether a network has
-- IPv6.
function ports.check(asked, ipv6)
  local list, seen = {}, {}
  local function add(port)
    local key = port.port and ("%s %s %d"):format(port.proto, port.host or "*", port.port)
    if key and seen[key] then wrong(tostring(port.port), "the port is published twice") end
    if key then seen[key] = true end
    if port.host and port.host:find(":", 1, true) and not ipv6 then
      wrong(port.host, "the container has no IPv6 address", "create the network with --ipv6")
    end
    table.insert(list, port)
  end
  for _, item in ipairs(asked.publish or {}) do
    for _, port in ipairs(type(item) == "table" and { item } or parse(item)) do add(port) end
  end
  for _, text in ipairs(asked.expose or {}) do
    for _, port in ipairs(parse(text)) do
      if port.port or port.host then wrong(text, "the format of --expose is PORT[/tcp|/udp]", "use -p to publish it") end
      if asked.publish_all then add(port) end
    end
  end
  local from = { bridge = true, pasta = true, slirp4netns = true }
  if #list > 0 and not from[asked.network] then
    tiny.fail {
      message = ("publish: network %s cannot publish ports"):format(tiny.show(asked.network or "none")), exit = 125,
      hint = "use --network bridge or a user-defined network",
    }
  end
  asked.publish, asked.expose, asked.publish_all = #list > 0 and list or nil, nil, nil
end

-- "8080" or "127.0.0.1:8080", for messages.
local function shown(port)
  local host = port.host and (port.host:find(":", 1, true) and ("[%s]:"):format(port.host) or port.host .. ":") or ""
  return ("%s%s%s"):format(host, port.port or "", port.proto == "udp" and "/udp" or "")
end

-- The container that has published a port, or nil.
local function holder(port)
  for _, container in ipairs(require("tiny.store.records").list()) do
    local lives <close> = state.process(container)
    for _, theirs in ipairs(lives and container.state.ports or {}) do
      local meet = not theirs.host or not port.host or theirs.host == port.host
      if theirs.port == port.port and theirs.proto == port.proto and meet then return container.config.name end
    end
  end
end

-- Reserves one host port; returns its number.
local function reserve(ctx, port)
  local asked = ("%d/%s"):format(port.port or 0, port.proto)
  local handle, err = tiny.try(tiny.reserve_port, asked, { addr = port.host or "0.0.0.0" })
  if handle then
    ctx.scope:add(handle)
    return handle.port
  end
  local name = err.code == "EADDRINUSE" and holder(port)
  if err.code == "EADDRINUSE" then
    tiny.fail {
      message = name and ("port %s is published by container %s"):format(shown(port), name) or ("port %s is in use by another program"):format(shown(port)),
      hint = name and "stop that container, or publish another port" or "`ss -lntup` shows which; publish another port", exit = 125,
    }
  end
  if err.code == "EADDRNOTAVAIL" then tiny.fail { message = ("publish: the host does not have the address %s"):format(port.host), hint = "omit the address to publish on all of them", exit = 125 } end
  error(err, 0)
end

-- Reserves all ports before any part of the network is created. Returns them with their numbers.
function ports.reserve(ctx)
  local held = {}
  for i, port in ipairs(ctx.spec.publish or {}) do
    held[i] = { host = port.host, port = reserve(ctx, port), to = port.to, proto = port.proto }
  end
  return held
end

-- Chooses port numbers for a program that binds the ports itself (pasta, slirp4netns). A port of another container is refused
-- with that container's name; an unspecified one is chosen. Lingering connections of an earlier run do not matter.
function ports.choose(ctx)
  local chosen = {}
  for i, port in ipairs(ctx.spec.publish or {}) do
    local number, name = port.port, port.port and holder(port)
    if name and name ~= ctx.name then
      tiny.fail { message = ("port %s is published by container %s"):format(shown(port), name), hint = "stop that container, or publish another port", exit = 125 }
    end
    if not number then
      local free <close> = tiny.reserve_port("0/" .. port.proto, { addr = port.host or "0.0.0.0" })
      number = free.port
    end
    chosen[i] = { host = port.host, port = number, to = port.to, proto = port.proto }
  end
  return chosen
end

local function way(port, addr)
  return { host = port.host, port = port.port, addr = addr, to = port.to, proto = port.proto }
end

local function ways_to(list, addr, addr6)
  local ways = {}
  for _, port in ipairs(list or {}) do
    local host6 = port.host and port.host:find(":", 1, true)
    if not host6 then table.insert(ways, way(port, addr)) end
    if addr6 and (host6 or not port.host) then table.insert(ways, way(port, addr6)) end
  end
  return ways
end

-- Forwards the ports to the container's addresses, in one transaction. Their connections are cut when they are withdrawn.
function ports.publish(ctx, held, addr, addr6)
  local ways = ways_to(held, addr, addr6)
  if #ways == 0 then return end
  ctx.scope:undo("publish_del", ways)
  tiny.publish(ways):keep()
  if tiny.settings.log then tiny.log("debug", "ports are published", { id = ctx.id, ways = ways }) end
end

-- Forwards the ports of a running container again after a flush, to the network that they used.
function ports.restore(container)
  local first
  for _, entry in ipairs(container.state.networks) do
    if not first or first.internal and not entry.internal then first = entry end
  end
  local ways = first and ways_to(container.state.ports, first.addr, first.addr6) or {}
  if #ways > 0 then tiny.publish(ways):keep() end
end

-- Withdraws the ports that are forwarded to the addresses of a network's entry; returns whether there were any. They stay
-- reserved until the container ends.
function ports.withdraw(list, entry)
  local ways = ways_to(list, entry.addr, entry.addr6)
  if #ways == 0 then return false end
  local _, err = tiny.try(tiny.publish_del, ways)
  return not err
end

-- Ports for display: "0.0.0.0:8080->80/tcp".
function ports.text(list)
  local out = {}
  for i, port in ipairs(list or {}) do
    local host = port.host and port.host:find(":", 1, true) and ("[%s]"):format(port.host) or port.host or "0.0.0.0"
    out[i] = ("%s:%d->%d/%s"):format(host, port.port, port.to, port.proto)
  end
  return table.concat(out, ", ")
end

return ports
