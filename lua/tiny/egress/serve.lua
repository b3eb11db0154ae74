-- What the keeper of a container's egress does: it takes the requests of the supervisor, of commands and of the resolver, is the
-- only one that changes the fence, and reports denials. It verifies what the resolver asks for, which reads hostile packets.
local Channel = require "tiny.egress.channel"
local Loop = require "tiny.base.loop"
local address = require "tiny.egress.address"
local events = require "tiny.store.events"
local fence = require "tiny.egress.fence"
local ipam = require "tiny.net.ipam"
local resolv_conf = require "tiny.net.resolv_conf"
local rules = require "tiny.egress.rules"
local state = require "tiny.store.state"

local serve = {}

-- The TTL of names of containers, in seconds.
local TTL = 5
-- The most addresses of one answer, the most addresses whose names are remembered, and the most reported denials in a second.
local ADDRESSES, NAMES, DENIALS = 64, 20000, 100
-- Seconds for which the same denial is not reported again.
local SAME = 1

local PRIVATE_FILE = tonumber("600", 8)

-- What the keeper must know, and its successor if it is killed.
function serve.save(k)
  local path = k.run .. "/egress.json"
  tiny.write_file(path .. ".new", tiny.json_encode { mark = k.mark, group = k.group, rules = k.policy.rules, links = k.links }, { mode = PRIVATE_FILE })
  tiny.rename(path .. ".new", path)
end

-- Reports a denial, unless the same one was reported just now, or too many were.
function serve.deny(k, what)
  local now = tiny.clock("monotonic")
  local second = math.floor(now)
  if k.second ~= second then k.second, k.count = second, 0 end
  local key = table.concat({ what.by, what.name or "", what.addr or "", what.port or 0, what.protocol or "" }, " ")
  k.denied = (k.denied or 0) + 1
  if k.count >= DENIALS or (k.told[key] or 0) > now then return end
  if k.count == 0 and (k.keys or 0) > 1000 then k.told, k.keys = {}, 0 end
  k.count, k.keys, k.told[key] = k.count + 1, (k.keys or 0) + 1, now + SAME
  events.emit(k.record, "deny", what)
end

-- The name for which an address was pinned last; nil if none is known.
local function name_of(k, addr)
  local names = k.names[addr]
  return names and names.last
end

local PROTOCOLS = { [1] = "icmp", [6] = "tcp", [17] = "udp", [58] = "icmpv6", [132] = "sctp" }

-- A packet that the fence has denied.
local function on_packet(k, packet)
  local bytes = tiny.parse_addr(packet.to)
  serve.deny(k, {
    addr = packet.to, port = packet.to_port, protocol = PROTOCOLS[packet.protocol] or tostring(packet.protocol), name = name_of(k, packet.to),
    reason = address.never(bytes) or "no rule allows it", by = "packet",
  })
end

-- Remembers for which name an address is pinned, and for how long.
local function remember(k, addr, name, till)
  if not k.names[addr] then
    k.named = k.named + 1
    if k.named > NAMES then k.names, k.named = {}, 1 end
    k.names[addr] = {}
  end
  k.names[addr].last = name
  k.names[addr][name] = till
end

-- Adds pins. If another program has flushed the kernel's tables, the fence is built again first.
local function put(k, pins, seconds)
  local _, err = tiny.try(tiny.egress_pin, k.id, pins, { seconds = seconds })
  if not err then return end
  if err.code ~= "ENOENT" then error(err, 0) end
  fence.set(k, k.policy, true)
  for _, link in ipairs(k.links) do
    if link.port then tiny.egress_port(link.port):keep() end
    tiny.egress_link(k.id, link.link, { addr = link.addrs })
  end
  tiny.egress_pin(k.id, pins, { seconds = seconds })
end

-- Pins addresses for a name's ports; returns those that are allowed, and why others are not. trusted: the addresses are known
-- here, and not the answer of a name server.
local function pin(k, name, addrs, ttl, trusted)
  local entries = rules.match(k.policy, name)
  if not entries then return {}, "no rule has this name" end
  local allowed, pins, reason = {}, {}, nil
  local seconds = fence.life(ttl)
  for i = 1, math.min(#addrs, ADDRESSES) do
    local addr = addrs[i]
    local why
    if trusted then why = address.never(tiny.parse_addr(addr)) else why = fence.refused(k.policy, addr) end
    reason = reason or why
    if not why then
      table.insert(allowed, addr)
      remember(k, addr, name, tiny.clock("monotonic") + seconds)
      if trusted or not fence.by_range(addr) then
        for _, one in ipairs(fence.pins(k.policy, addr, entries)) do table.insert(pins, one) end
      end
    end
  end
  if #pins > 0 then put(k, pins, seconds) end
  return allowed, reason
end

local function networks(k)
  local now = state.load(k.id)
  return now and now.state.networks or k.networks or {}
end

-- The addresses of a name in the container's networks; nil if it has none.
local function sibling(k, name)
  local found
  for _, entry in ipairs(networks(k)) do
    for _, addr in ipairs(ipam.lookup(entry.network, name) or {}) do
      found = found or {}
      table.insert(found, addr)
    end
  end
  return found
end

-- The number of a link, since the resolver cannot read it.
local function numbered(server)
  local addr, link = server:match("^([^%%]+)%%(.+)$")
  if not addr then return server end
  local number = tiny.try(tiny.read_file, ("/sys/class/net/%s/ifindex"):format(link))
  return addr .. "%" .. (number or link):gsub("%s", "")
end

-- The name servers to ask, and how.
local function servers(k)
  local list = networks(k)
  local outside = #list == 0
  for _, entry in ipairs(list) do outside = outside or not entry.internal end
  if not outside then return {}, {} end
  local host = resolv_conf.host()
  local found = {}
  for _, server in ipairs(k.dns or k.servers or host.servers) do table.insert(found, numbered(server)) end
  return found[1] and found or { "127.0.0.1" }, resolv_conf.manner(k.dns_options or host.options)
end

-- Requests of the resolver. Each function gets the message and `reply`.
local of_resolver = {}

-- What is known of an allowed name without a name server.
function of_resolver.lookup(k, message, reply)
  local name = tostring(message.name)
  if not rules.match(k.policy, name) then return reply { code = "NXDOMAIN" } end
  local function otherwise()
    local found = sibling(k, name)
    if found then return reply { addrs = pin(k, name, found, TTL, true), ttl = TTL } end
    local list, manner = servers(k)
    reply { servers = list, manner = manner }
  end
  if not k.recipe then return otherwise() end
  if not k.supervisor then return reply { code = "SERVFAIL" } end
  k.supervisor:ask({ op = "resolve", name = name, type = message.type }, function(answer)
    if not answer then return reply { code = "SERVFAIL" } end
    local found = answer.answer
    if found == false then return reply { code = "NXDOMAIN" } end
    if type(found) == "string" then found = { found } end
    if type(found) ~= "table" then return otherwise() end
    local addrs = {}
    for _, addr in ipairs(found) do
      if type(addr) == "string" and tiny.parse_addr(addr) and not addr:find("/", 1, true) then table.insert(addrs, addr) end
    end
    local allowed, err = tiny.try(pin, k, name, addrs, 0, true)
    reply(allowed and { addrs = allowed, ttl = 0 } or { code = "SERVFAIL", error = tostring(err) })
  end)
end

-- Pins the answer of a name server.
function of_resolver.pin(k, message, reply)
  local addrs = {}
  for _, addr in ipairs(type(message.addrs) == "table" and message.addrs or {}) do
    if type(addr) == "string" and tiny.parse_addr(addr) and not addr:find("/", 1, true) then table.insert(addrs, addr) end
  end
  local name, ttl = tostring(message.name), math.min(math.max(math.tointeger(message.ttl) or 0, 0), fence.LONGEST)
  local allowed, reason = pin(k, name, addrs, ttl, false)
  if reason and #allowed < #addrs then serve.deny(k, { name = name, addr = addrs[1], reason = reason, by = "dns" }) end
  reply { addrs = allowed, dropped = #allowed < #addrs or nil }
end

function of_resolver.deny(k, message)
  serve.deny(k, { name = tostring(message.name):sub(1, 255), reason = "no rule has this name", by = "dns" })
end

-- Requests of the supervisor and of commands, which connect to a socket that only they can.
local of_commands = {}

function of_commands.status(k, _, reply)
  reply { rules = k.policy.rules, mark = k.mark, group = k.group, denied = k.denied or 0, resolver = k.child and k.child.pid, pid = tiny.getpid() }
end

function of_commands.born(k, message, reply)
  local process = tiny.pidfd_open(message.pid)
  if not process or tiny.process_start_time(message.pid) ~= message.start then return k.loop:stop() end
  k.process = process
  k.loop:on(process, function() k.loop:stop() end)
  reply { ok = true }
end

function of_commands.pin_flow(k, message, reply)
  local bytes = tiny.parse_addr(message.addr)
  local why = address.never(bytes)
  if why then return reply { error = why } end
  put(k, { { addr = message.addr, protocol = message.protocol, port = message.port } }, message.seconds or 10)
  reply { ok = true }
end

-- Whether a name is listed for a port and pinned to this address.
function of_commands.check(k, message, reply)
  local names = k.names[message.addr]
  local pinned = names and (names[message.name] or 0) > tiny.clock("monotonic")
  local listed = rules.allows(rules.match(k.policy, message.name), "tcp", message.port)
  reply { ok = (pinned and listed) or false, reason = not listed and "no rule has this name" or not pinned and "the name does not lead there" or nil }
end

-- Ends all connections and forgets all pins.
local function renew(k)
  k.mark = fence.mark()
  fence.set(k, k.policy, false)
  k.names, k.named = {}, 0
  serve.save(k)
  if k.resolver then k.resolver:send { op = "policy", rules = k.policy.rules } end
end

function of_commands.policy(k, message, reply)
  local policy, err = tiny.try(rules.parse, message.rules)
  if not policy then return reply { error = tostring(err) } end
  fence.check(policy)
  k.policy = policy
  renew(k)
  reply { ok = true }
end

function of_commands.revoke(k, _, reply)
  renew(k)
  reply { ok = true }
end

of_commands["end"] = function(k, _, reply)
  reply { ok = true }
  k.loop:stop()
end

-- A channel whose requests these functions answer. A failure is the answer to its request.
local function channel(k, file, functions, on_end)
  local made
  made = Channel.new(k.loop, file, function(message, reply)
    if functions == of_commands and message.op == "supervisor" then
      k.supervisor = made
      return reply { ok = true }
    end
    local f = functions[message.op]
    if not f then return reply { error = "unknown request" } end
    local replied = false
    local function once(answer)
      if replied then return end
      replied = true
      reply(answer)
    end
    local _, err = tiny.try(f, k, message, once)
    if err then once { error = tostring(err), code = "SERVFAIL" } end
  end, function()
    if k.supervisor == made then k.supervisor = nil end
    if on_end then on_end() end
  end)
  return made
end

-- Starts the resolver, and again if it ends.
local function start_resolver(k)
  local child, socket = require("tiny.egress.resolver").start(k)
  k.child = child
  k.resolver = channel(k, socket, of_resolver)
  k.loop:on(child, function()
    k.loop:off(child)
    child:close()
    k.resolver:close()
    k.child = nil
    k.loop:after(0.2, function() start_resolver(k) end)
  end)
end

-- In the keeper, once it is in the right namespaces: opens the resolver's sockets in the container's.
function serve.prepare(k, netns)
  if netns then k.sockets = require("tiny.egress.resolver").open(netns) end
  k.names, k.named, k.told = {}, 0, {}
end

-- Runs until the container has ended, or the supervisor before there was a container.
function serve.run(k, socket)
  k.loop = Loop.new()
  if k.sockets then start_resolver(k) end
  k.supervisor = channel(k, socket, of_commands, function()
    if not k.process then k.loop:stop() end
  end)
  k.loop:on(k.listener, function()
    local file = tiny.try(tiny.unix_accept, k.listener, { nonblock = true })
    if file then channel(k, file, of_commands) end
  end)
  if k.log then
    k.loop:on(k.log, function()
      for _, packet in ipairs(tiny.try(k.log.receive, k.log) or {}) do on_packet(k, packet) end
    end)
  end
  tiny.notify_ready()
  k.loop:run()
  if k.child then tiny.try(k.child.close, k.child) end
  tiny.try(tiny.remove, k.run .. "/egress.socket")
end

return serve
