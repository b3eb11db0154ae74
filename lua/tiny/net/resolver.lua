-- A container's DNS resolver, at 127.0.0.11 on the container's loopback. It runs in the supervisor, so it uses no host port
-- and ends with the container. It answers names of the container's networks, and forwards other queries to the host's name
-- servers. It listens on an arbitrary port, to which a rule in the container's namespace redirects port 53, so that the
-- container can run a name server of its own.
local dns_forward = require "tiny.net.dns_forward"
local files = require "tiny.net.files"
local ipam = require "tiny.net.ipam"
local resolv_conf = require "tiny.net.resolv_conf"
local WriteQueue = require "tiny.base.write_queue"
local state = require "tiny.store.state"

local resolver = {}

-- Limits of the work that a container can cause: connections, pending queries of one, seconds that it may be idle, and
-- datagrams in one turn of the loop.
local STREAMS, PIPELINE, IDLE, BURST = 32, 16, 10, 64
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

-- The name servers to ask, and how. Without any, the C library asks the machine itself.
local function servers(ctx)
  local outside = false
  for _, entry in ipairs(networks(ctx)) do outside = outside or not entry.internal end
  if not outside then return {} end
  local host = resolv_conf.host()
  local list = ctx.spec.dns or host.servers
  return list[1] and list or { "127.0.0.1" }, resolv_conf.manner(ctx.spec.dns_options or host.options)
end

-- A reply over UDP that is longer than the client accepts: without records, and marked as truncated.
local function cut(bytes, query, max)
  if #bytes <= max then return bytes end
  return bytes:sub(1, 2) .. string.char(bytes:byte(3) | 2) .. bytes:sub(4, 4) .. "\0\1\0\0\0\0\0\0" .. query:sub(13, dns_forward.question_end(query))
end

-- Answers a query; `reply` gets the bytes, or nil if it is not a query. stream: whether it came over TCP, which has room for
-- any answer.
local function answer(ctx, loop, query, stream, reply)
  local question = tiny.dns_question(query)
  if not question then return reply(nil) end
  local max = stream and 65535 or math.min(question.max, LARGEST)
  local own = known(ctx, question)
  if own then
    own.max = max
    return reply(tiny.dns_answer(query, own))
  end
  local list, manner = servers(ctx)
  if #list == 0 then return reply(tiny.dns_answer(query, { code = "REFUSED", max = max })) end
  local options = { memory = ctx.resolver, stream = stream }
  if tiny.settings.log then
    function options.told(server, n) tiny.log("debug", "asks a name server", { container = ctx.name, server = server, try = n }) end
  end
  dns_forward.ask(loop, query, list, manner, options, function(bytes)
    if not bytes then return reply(tiny.dns_answer(query, { code = "SERVFAIL", max = max })) end
    reply(stream and bytes or cut(bytes, query, question.max))
  end)
end

-- Answers a query so that no input from the container stops the supervisor. `reply` is called once. A failure is logged
-- only once. ctx.answer_query replaces `answer`. from: the sender's address and port.
local function guarded(ctx, loop, query, stream, reply, from)
  local replied = false
  local function once(bytes)
    if replied then return end
    replied = true
    reply(bytes)
  end
  local _, err = tiny.try(ctx.answer_query or answer, ctx, loop, query, stream, once, from)
  if not err then return end
  once(nil)
  if ctx.resolver.told then return end
  ctx.resolver.told = true
  require("tiny.format").note("%s: answering a DNS query: %s", ctx.name, tostring(err))
end

-- Queries over TCP: each is a length of two bytes, then the message. A client may send several before it reads the answers,
-- which come as they are known.
local function serve_stream(ctx, loop, stream)
  local asking = ctx.resolver
  if (asking.streams or 0) >= STREAMS then return stream:close() end
  asking.streams = (asking.streams or 0) + 1
  local got, pending, ended, closed, parsing, timer, queue = "", 0, false, false, false, nil, nil
  local function finish()
    if closed then return end
    closed = true
    asking.streams = asking.streams - 1
    loop:cancel(timer)
    loop:off(stream)
    queue:close()
    stream:close()
  end
  -- Closes the connection after the last answer, or when the client neither asks nor reads for a while.
  local function rest()
    timer = loop:cancel(timer)
    if pending > 0 or closed then return end
    if ended and queue.size == 0 then return finish() end
    timer = loop:after(IDLE, finish)
  end
  queue = WriteQueue.new(loop, stream, rest, finish)
  local read
  local function parse()
    parsing = true
    while pending < PIPELINE and not closed do
      local length = #got >= 2 and string.unpack(">I2", got)
      if not length or #got < length + 2 then break end
      local query = got:sub(3, length + 2)
      got, pending = got:sub(length + 3), pending + 1
      guarded(ctx, loop, query, true, function(reply)
        pending = pending - 1
        if closed then return end
        if not reply then return finish() end
        queue:put(string.pack(">s2", reply))
        if parsing then return end
        parse()
      end, stream.path)
    end
    parsing = false
    if closed then return end
    if pending >= PIPELINE or ended then loop:off(stream) else loop:on(stream, read) end
    rest()
  end
  function read()
    local bytes, err = tiny.try(stream.read, stream)
    if err then return finish() end
    if bytes == nil then ended = true else got = got .. (bytes or "") end
    parse()
  end
  parse()
end

-- Serves queries as long as the loop runs.
function resolver.join(ctx, loop)
  local udp, tcp = ctx.resolver.udp, ctx.resolver.tcp
  loop:on(udp, function()
    -- Handle several datagrams in one turn, for speed, but not without limit, so that other events are not starved.
    for _ = 1, BURST do
      local query, from = tiny.try(udp.receive, udp)
      if not query then return end
      guarded(ctx, loop, query, false, function(reply)
        if reply then tiny.try(udp.send, udp, reply, from) end
      end, from)
    end
  end)
  loop:on(tcp, function()
    local stream = tiny.try(tcp.accept, tcp)
    if stream then serve_stream(ctx, loop, stream) end
  end)
end

return resolver
