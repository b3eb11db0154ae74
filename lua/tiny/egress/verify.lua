-- The keeper's part of `verify = "sni"`: the sockets to which the fence redirects connections, the process that reads them, and
-- the decision about each. The process gets a connection to the server from here, and only for a host that a rule allows there.
local Packets = require "tiny.egress.packets"

local verify = {}

-- How often a port that is free on one link is tried on the others; seconds before a process that has ended is replaced.
local TRIES, AGAIN = 20, 0.2

-- Opens a port on each link, the same for all, which only packets of that link reach.
local function listen_at(links, port)
  local made = {}
  for _, link in ipairs(links) do
    for _, place in ipairs { "0.0.0.0:%d", "[::]:%d" } do
      local listener, err = tiny.try(tiny.tcp_listen, place:format(port), { link = link.link, backlog = 1024 })
      -- A kernel without IPv6 has no such connections.
      if not listener and err.code ~= "EAFNOSUPPORT" then
        for _, other in ipairs(made) do other:close() end
        return nil, err
      end
      table.insert(made, listener)
      port = made[1].port
    end
  end
  return made, port
end

-- Opens the sockets; k.relay_port is then where the fence redirects to. In the namespace of the links.
function verify.listen(k)
  local listeners, port
  for _ = 1, TRIES do
    listeners, port = listen_at(k.links, 0)
    if listeners then break end
  end
  if not listeners then error(port, 0) end
  k.relay_sockets, k.relay_port = listeners, port
end

local of_relay = {}

-- Connects to where the client was going, if the host is allowed there.
function of_relay.check(v, message)
  local name, addr, port = message.name, message.addr, math.tointeger(message.port)
  if type(name) ~= "string" or type(addr) ~= "string" or not port then return end
  local ok, reason = v.decide(name, addr, port, message.connect == true)
  local answer = { op = "answer", number = message.number }
  local found = { name = name, addr = addr, port = port, protocol = "tcp", reason = reason, by = "sni" }
  if not ok then
    v.report(found, math.tointeger(message.from))
    return v.packets:send(answer)
  end
  if message.connect then
    found.reason = "a tunnel through a proxy is not checked"
    v.report(found, math.tointeger(message.from), "tunnel")
  end
  local place = addr:find(":", 1, true) and "[%s]:%d" or "%s:%d"
  local server = tiny.try(tiny.tcp_connect, place:format(addr, port), { wait = false })
  v.packets:send(answer, server)
end

-- Reports what the process has refused. It resets the connection afterwards: the socket shows whose it is.
function of_relay.deny(v, message)
  local name, addr = message.name, message.addr
  v.report({
    name = type(name) == "string" and name:sub(1, 255) or nil, addr = type(addr) == "string" and addr:sub(1, 64) or nil,
    port = math.tointeger(message.port), protocol = "tcp", reason = tostring(message.reason):sub(1, 100), by = "sni",
  }, math.tointeger(message.from))
  if message.number then v.packets:send { op = "answer", number = message.number } end
end

local function addrs_of(k)
  local set = {}
  for _, link in ipairs(k.links) do
    for _, addr in ipairs(link.addrs) do set[addr] = true end
  end
  return set
end

-- Starts the process, and again when it ends: meanwhile connections wait. decide(name, addr, port, connect) -> whether it is
-- allowed, and why not; report(found, from_port, event) takes denials, and tunnels by the name of their event; ech: whether
-- encrypted ClientHello passes.
function verify.start(k, options)
  local v = k.verify or { decide = options.decide, report = options.report, ech = options.ech }
  k.verify = v
  local ours, theirs = tiny.socketpair { type = "seqpacket", nonblock = true }
  v.child = tiny.fork(function()
    tiny.set_process_title("tinylua: egress check of " .. k.name)
    require("tiny.egress.relay").run(theirs, k.relay_sockets, { addrs = addrs_of(k), ech = v.ech })
  end)
  theirs:close()
  v.packets = Packets.new(k.loop, ours, function(message, file)
    if file then file:close() end
    local f = of_relay[message.op]
    -- A failure is that of its connection alone, which is not answered and ends with its client.
    local _, err = tiny.try(f or error, v, message)
    if err and message.number then v.packets:send { op = "answer", number = message.number } end
  end)
  local child = v.child
  k.loop:on(child, function()
    k.loop:off(child)
    child:close()
    v.packets:close()
    k.loop:after(AGAIN, function() verify.start(k) end)
  end)
end

-- Ends the connections that the rules allowed before a change.
function verify.reset(k)
  if k.verify then k.verify.packets:send { op = "reset" } end
end

-- Ends the process.
function verify.stop(k)
  if not k.verify then return end
  k.loop:off(k.verify.child)
  tiny.try(k.verify.child.close, k.verify.child)
end

return verify
