-- What the keeper of a container's egress does: it takes the requests of the supervisor, of commands and of the resolver, is the
-- only one that changes the fence, and reports denials. It verifies what the resolver asks for, which reads hostile packets.
local Channel = require "tiny.egress.channel"
local Loop = require "tiny.base.loop"
local denials = require "tiny.egress.denials"
local address = require "tiny.egress.address"
local events = require "tiny.store.events"
local fence = require "tiny.egress.fence"
local guard = require "tiny.egress.guard"
local ipam = require "tiny.net.ipam"
local resolv_conf = require "tiny.net.resolv_conf"
local rules = require "tiny.egress.rules"
local state = require "tiny.store.state"
local verify = require "tiny.egress.verify"

local serve = {}

-- The TTL of names of containers, in seconds.
local TTL = 5
-- The most addresses of one answer, and the most addresses whose names are remembered.
local ADDRESSES, NAMES = 64, 20000

local PRIVATE_FILE = tonumber("600", 8)

-- What the keeper must know, and its successor if it is killed.
function serve.save(k)
  local path = k.run .. "/egress.json"
  tiny.write_file(path .. ".new", tiny.json_encode { mark = k.mark, group = k.group, rules = k.policy.rules, links = k.links }, { mode = PRIVATE_FILE })
  tiny.rename(path .. ".new", path)
end

-- The name for which an address was pinned last; nil if none is known.
local function name_of(k, addr)
  local names = k.names[addr]
  return names and names[1]
end

-- Why the fence has denied a packet, if it is not that no rule allows it.
local function why(packet)
  return packet.to and address.never(tiny.parse_addr(packet.to))
end

-- Remembers for which name an address is pinned, and for how long; [1] is the last name.
local function remember(k, addr, name, till)
  if not k.names[addr] then
    k.named = k.named + 1
    if k.named > NAMES then k.names, k.named, k.addrs_of = {}, 1, {} end
    k.names[addr] = {}
  end
  if not k.names[addr][name] then k.addrs_of[name] = (k.addrs_of[name] or 0) + 1 end
  k.names[addr][1] = name
  k.names[addr][name] = till
end

-- Adds pins. The fence may have been removed a moment ago.
local function put(k, pins, seconds)
  local _, err = tiny.try(tiny.egress_pin, k.id, pins, { seconds = seconds })
  if not err then return end
  if err.code ~= "ENOENT" then error(err, 0) end
  guard.rebuild(k)
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
      if not k.policy.ask and (trusted or not fence.by_range(addr)) then
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
  if reason and #allowed < #addrs then k.denials:report { name = name, addr = addrs[1], reason = reason, by = "dns" } end
  reply { addrs = allowed, dropped = #allowed < #addrs or nil }
end

function of_resolver.deny(k, message, reply)
  local port = tonumber(tostring(message.from):match(":(%d+)$"))
  k.denials:report({ name = tostring(message.name):sub(1, 255), protocol = message.protocol, reason = "no rule has this name", by = "dns" }, port)
  reply { ok = true }
end

-- Requests of the supervisor and of commands, which connect to a socket that only they can.
local of_commands = {}

function of_commands.status(k, _, reply)
  reply { pins = #(tiny.try(tiny.egress_pins, k.id, { netns = k.netns }) or {}), rules = k.policy.rules, mark = k.mark, group = k.group, denied = k.denials.count, ask = k.policy.ask, resolver = k.child and k.child.pid, pid = tiny.getpid() }
end

function of_commands.born(k, message, reply)
  local process = tiny.pidfd_open(message.pid)
  if not process or tiny.process_start_time(message.pid) ~= message.start then return k.loop:stop() end
  k.process = process
  k.loop:on(process, function() k.loop:stop() end)
  reply { ok = true }
end

-- The name that led to an address, and how many addresses the name has.
function of_commands.name(k, message, reply)
  local name = name_of(k, message.addr)
  reply { name = name, addrs = name and k.addrs_of[name] }
end

-- Whether the rules have this address, or a name that led to it.
local function listed(k, found)
  if rules.covers(k.policy, found.addr, found.protocol, found.port) then return true end
  local now = tiny.clock("monotonic")
  for name, till in pairs(k.names[found.addr] or {}) do
    if name ~= 1 and till > now and rules.allows(rules.match(k.policy, name), found.protocol, found.port) then return true end
  end
  return false
end

-- Whether a rule wants this connection to be checked: one of a name that led to the address.
local function verified(k, found)
  for name in pairs(k.names[found.addr] or {}) do
    for _, entry in ipairs(name ~= 1 and rules.match(k.policy, name) or {}) do
      if entry.verify and entry.protocol == found.protocol and entry.first <= found.port and found.port <= entry.last then return true end
    end
  end
  return false
end

function of_commands.pin_flow(k, message, reply)
  local bytes = tiny.parse_addr(message.addr)
  local why = address.never(bytes) or fence.own(message.addr) or k.policy.ask == "listed" and not listed(k, message) and denials.NO_RULE or nil
  if why then return reply { error = why } end
  put(k, { { addr = message.addr, protocol = message.protocol, port = message.port, verify = verified(k, message) } }, message.seconds or 10)
  reply { ok = true }
end

-- Whether a name is listed for a port and pinned to this address.
local function leads(k, name, addr, port)
  local names = k.names[addr]
  local pinned = names and math.type(names[name]) == "float" and names[name] > tiny.clock("monotonic")
  local listed = rules.allows(rules.match(k.policy, name), "tcp", port)
  return (pinned and listed) or false, not listed and "no rule has this name" or not pinned and "the name does not lead there" or nil
end

function of_commands.check(k, message, reply)
  local ok, reason = leads(k, message.name, message.addr, message.port)
  reply { ok = ok, reason = reason }
end

-- Decides about a connection that was read. connect: it is to a proxy, which can be any name of the rules.
local function decide(k, name, addr, port, connect)
  if not connect then return leads(k, name, addr, port) end
  for proxy in pairs(k.names[addr] or {}) do
    if proxy ~= 1 and leads(k, proxy, addr, port) then return true end
  end
  return false, "no name of a proxy leads there"
end

-- Opens the check of connections if a rule asks for it.
local function open_check(k)
  if not k.policy.verify or k.relay_port then return end
  verify.listen(k)
  fence.set(k, k.policy, true)
end

local function start_check(k)
  if not k.relay_port or k.verify then return end
  verify.start(k, {
    ech = k.ech == "allow",
    decide = function(...) return decide(k, ...) end,
    report = function(found, from_port, event)
      if found.addr and found.port then found.pid, found.program = k.denials:noted(found.addr, found.port, "tcp") end
      k.denials:report(found, from_port, event)
    end,
  })
end

-- Ends all connections and forgets all pins.
local function renew(k)
  k.mark = fence.mark()
  fence.set(k, k.policy, false)
  k.names, k.named, k.addrs_of = {}, 0, {}
  serve.save(k)
  if k.resolver then k.resolver:send { op = "policy", rules = k.policy.rules } end
  verify.reset(k)
  open_check(k)
  start_check(k)
end

function of_commands.policy(k, message, reply)
  local policy, err = tiny.try(rules.parse, message.rules, { ask = k.policy.ask, verify = k.verify_all })
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
  k.names, k.named, k.addrs_of = {}, 0, {}
  open_check(k)
end

-- Whether the fence lets TCP to this address and port through.
local function is_allowed(k, addr, port)
  local now = tiny.clock("monotonic")
  for name, till in pairs(k.names[addr] or {}) do
    if name ~= 1 and till > now and rules.allows(rules.match(k.policy, name), "tcp", port) then return true end
  end
  return rules.covers(k.policy, addr, "tcp", port)
end

-- Runs until the container has ended, or the supervisor before there was a container.
function serve.run(k, socket)
  k.loop = Loop.new()
  k.denials = denials.new(k.record, { process = function() return k.process and k.process.pid end, name_of = function(addr) return name_of(k, addr) end })
  k.calls = require("tiny.egress.listeners").join(k.loop, {
    run = k.run, first = k.first, sources = k.sources, answered = k.answered, connecting = function(found) k.denials:connecting(found) end,
    allowed = function(addr, port) return is_allowed(k, addr, port) end,
  })
  if k.sockets then start_resolver(k) end
  start_check(k)
  k.supervisor = channel(k, socket, of_commands, function()
    if not k.process then k.loop:stop() end
  end)
  k.loop:on(k.listener, function()
    local file = tiny.try(tiny.unix_accept, k.listener, { nonblock = true })
    if file then channel(k, file, of_commands) end
  end)
  if not k.where.join then guard.join(k) end
  if k.log then
    k.loop:on(k.log, function()
      k.calls:notes()
      for _, packet in ipairs(tiny.try(k.log.receive, k.log) or {}) do k.denials:packet(packet, why(packet)) end
    end)
  end
  tiny.notify_ready()
  k.loop:run()
  if k.child then tiny.try(k.child.close, k.child) end
  verify.stop(k)
  tiny.try(tiny.remove, k.run .. "/egress.socket")
end

return serve
