-- A container's DNS resolver, at 127.0.0.11 on the container's loopback. It runs in the supervisor, so it uses no host port
-- and ends with the container. It answers names of the container's networks, and forwards other queries to the host's name
-- servers. It listens on an arbitrary port, to which a rule in the container's namespace redirects port 53, so that the
-- container can run a name server of its own.
local files = require "tiny.net.files"
local ipam = require "tiny.net.ipam"
local WriteQueue = require "tiny.base.write_queue"
local state = require "tiny.store.state"

local resolver = {}

-- PATIENCE: seconds until the next server is asked. The others limit the work that a container can cause: pending queries,
-- connections, and datagrams in one turn of the loop.
local PATIENCE, MOST, STREAMS, BURST = 2, 256, 32, 64
-- The TTL of answers, and the maximum size of one over UDP (DNS flag day 2020).
local TTL, LARGEST = 5, 1232

-- Opens its sockets in the container's namespace, before a process runs there. Removes what an earlier supervisor left.
function resolver.open(ctx)
  local inside = { netns = ctx.netns }
  local place = files.RESOLVER .. ":0"
  ctx.resolver = { udp = ctx.scope:add(tiny.udp_bind(place, inside)), tcp = ctx.scope:add(tiny.tcp_listen(place, inside)) }
  local old, ways = {}, {}
  for _, way in ipairs(ctx.recovered and tiny.try(tiny.published, inside) or {}) do
    if way:sub(1, #files.RESOLVER) == files.RESOLVER then table.insert(old, way) end
  end
  tiny.try(tiny.publish_del, old, inside)
  for proto, socket in pairs(ctx.resolver) do
    table.insert(ways, { host = files.RESOLVER, port = 53, addr = files.RESOLVER, to = socket.port, proto = proto })
  end
  tiny.publish(ways, inside):keep()
end

-- "2.0.10.10.in-addr.arpa" as 10.10.0.2; nil for other names.
local function reversed(name)
  local d, c, b, a = name:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)%.in%-addr%.arpa$")
  return a and table.concat({ a, b, c, d }, ".")
end

-- The container's current networks; `network connect` may have added some.
local function networks(ctx)
  local now = state.load(ctx.id)
  return now and now.state.networks or ctx.networks
end

local function pointer(ctx, name)
  local addr = reversed(name)
  for _, entry in ipairs(addr and networks(ctx) or {}) do
    local id = ipam.holder(entry.network, addr)
    local holder = id and state.load(id)
    if holder then return { names = { holder.config.name }, ttl = TTL } end
  end
end

-- The result of the recipe's function: addresses, false for a name that does not exist, nil for no answer.
local function of_recipe(ctx, question)
  if not ctx.spec.resolve then return nil end
  local time_limit = require "tiny.base.time_limit"
  local result, err = time_limit.call(time_limit.USUAL, function() return (ctx.spec.resolve(ctx, question.name, question.type)) end)
  if err then require("tiny.format").note("%s: resolve: %s", ctx.name, tostring(err)) end
  if result == false then return { code = "NXDOMAIN" } end
  if type(result) == "string" then result = { result } end
  return type(result) == "table" and { addrs = result, ttl = 0 } or nil
end

-- The answer to a query that can be answered locally, or nil.
local function known(ctx, question)
  local own = of_recipe(ctx, question)
  if own then return own end
  if question.type == "PTR" then return pointer(ctx, question.name) end
  local found
  for _, entry in ipairs(networks(ctx)) do
    for _, addr in ipairs(ipam.lookup(entry.network, question.name) or {}) do
      found = found or {}
      table.insert(found, addr)
    end
  end
  -- Several addresses are rotated.
  if found and #found > 1 then
    ctx.resolver.turn = (ctx.resolver.turn or 0) + 1
    for _ = 1, ctx.resolver.turn % #found do table.insert(found, table.remove(found, 1)) end
  end
  return found and { addrs = found, ttl = TTL } or nil
end

local function servers(ctx)
  local outside = false
  for _, entry in ipairs(networks(ctx)) do outside = outside or not entry.internal end
  if not outside then return {} end
  return ctx.spec.dns or files.host_servers()
end

local function place(server)
  return (server:find(":", 1, true) and "[%s]:53" or "%s:53"):format(server)
end

-- Asks the servers one after the other; `reply` gets the first answer, or nil.
local function forward(ctx, loop, query, reply)
  local list, asking = servers(ctx), ctx.resolver
  local function ask(n)
    local server = list[n]
    if not server or (asking.pending or 0) >= MOST then return reply(nil) end
    if tiny.settings.log then tiny.log("debug", "asks a name server", { container = ctx.name, server = server, try = n }) end
    local socket = tiny.try(tiny.udp_bind, server:find(":", 1, true) and "[::]:0" or "0.0.0.0:0")
    if not socket then return reply(nil) end
    asking.pending = (asking.pending or 0) + 1
    local timer
    local function done()
      loop:cancel(timer)
      loop:off(socket)
      socket:close()
      asking.pending = asking.pending - 1
    end
    timer = loop:after(PATIENCE, function() done() ask(n + 1) end)
    loop:on(socket, function()
      local bytes, from = tiny.try(socket.receive, socket)
      -- Accept only a reply to this query, from the server that was asked.
      if not bytes or from ~= place(server) or bytes:sub(1, 2) ~= query:sub(1, 2) then return end
      done()
      reply(bytes)
    end)
    local _, err = tiny.try(socket.send, socket, query, place(server))
    if err then done() ask(n + 1) end
  end
  ask(1)
end

-- Answers a query; `reply` gets the bytes, or nothing if it is not a query. max: nil for the size that the query allows.
local function answer(ctx, loop, query, max, reply)
  local question = tiny.dns_question(query)
  if not question then return end
  max = max or math.min(question.max or 512, LARGEST)
  local own = known(ctx, question)
  if own then
    own.max = max
    return reply(tiny.dns_answer(query, own))
  end
  if #servers(ctx) == 0 then return reply(tiny.dns_answer(query, { code = "REFUSED", max = max })) end
  forward(ctx, loop, query, function(bytes)
    reply(bytes or tiny.dns_answer(query, { code = "SERVFAIL", max = max }))
  end)
end

-- Runs a handler so that no input from the container stops the supervisor. A failure is logged only once.
local function guarded(f, ctx, ...)
  local _, err = tiny.try(f, ctx, ...)
  if not err or ctx.resolver.told then return end
  ctx.resolver.told = true
  require("tiny.format").note("%s: answering a DNS query: %s", ctx.name, tostring(err))
end

-- A query over TCP: a length of two bytes, then the message.
local function serve_stream(ctx, loop, stream)
  local got, asked, timer, asking = "", false, nil, ctx.resolver
  if (asking.streams or 0) >= STREAMS then return stream:close() end
  asking.streams = (asking.streams or 0) + 1
  local function finish()
    if not timer then return end
    asking.streams = asking.streams - 1
    timer = loop:cancel(timer)
    loop:off(stream)
    loop:on_room(stream, nil)
    stream:close()
  end
  timer = loop:after(PATIENCE * 5, finish)
  loop:on(stream, function()
    local bytes = tiny.try(stream.read, stream)
    if not bytes then return finish() end
    if asked then return end
    got = got .. bytes
    local length = #got >= 2 and string.unpack(">I2", got)
    if not length or #got < length + 2 then return end
    asked = true
    guarded(answer, ctx, loop, got:sub(3, length + 2), 65535, function(reply)
      -- Do not wait for a client that does not read the answer.
      local queue = WriteQueue.new(loop, stream, finish, finish)
      queue:put(string.pack(">s2", reply))
      if queue.size == 0 then finish() end
    end)
  end)
end

-- Serves queries as long as the loop runs.
function resolver.join(ctx, loop)
  local udp, tcp = ctx.resolver.udp, ctx.resolver.tcp
  loop:on(udp, function()
    -- Handle several datagrams in one turn, for speed, but not without limit, so that other events are not starved.
    for _ = 1, BURST do
      local query, from = tiny.try(udp.receive, udp)
      if not query then return end
      guarded(answer, ctx, loop, query, nil, function(reply) tiny.try(udp.send, udp, reply, from) end)
    end
  end)
  loop:on(tcp, function()
    local stream = tiny.try(tcp.accept, tcp)
    if stream then serve_stream(ctx, loop, stream) end
  end)
end

return resolver
