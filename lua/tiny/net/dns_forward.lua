-- Forwards DNS queries to name servers, as the C library's resolver asks them: the next server after a failure or a silence,
-- TCP after a truncated answer. Queries and answers pass through unchanged.
local WriteQueue = require "tiny.base.write_queue"

local forward = {}

-- The largest number of sockets, which limits what a container can cause; seconds for which a silent server is asked last.
local SOCKETS, LAST = 256, 30

-- Response codes after which the next server is asked.
local NOERROR, SERVFAIL, NOTIMP, REFUSED = 0, 2, 4, 5

-- In the third byte.
local REPLY, AUTHORITATIVE, TRUNCATED = 0x80, 4, 2

-- The end of the question section of a query that dns_question accepts.
local function question_end(query)
  local at = 13
  while query:byte(at) ~= 0 do at = at + 1 + query:byte(at) end
  return at + 4
end
forward.question_end = question_end

-- Whether this is a reply to the query: an answer with its id and its question. One that reports an error may lack the
-- question.
local function belongs(bytes, query)
  if #bytes < 12 or bytes:sub(1, 2) ~= query:sub(1, 2) or bytes:byte(3) & REPLY == 0 then return false end
  if bytes:sub(5, 6) == "\0\0" then return bytes:byte(4) & 15 ~= NOERROR end
  local last = question_end(query)
  return bytes:sub(5, 6) == "\0\1" and bytes:sub(13, last):lower() == query:sub(13, last):lower()
end

-- Whether another server may know more: this one failed, or refers to others instead of asking them.
local function failure(bytes)
  local code = bytes:byte(4) & 15
  if code == SERVFAIL or code == NOTIMP or code == REFUSED then return true end
  local authoritative, recursive = bytes:byte(3) & AUTHORITATIVE ~= 0, bytes:byte(4) & 0x80 ~= 0
  return code == NOERROR and bytes:sub(7, 8) == "\0\0" and bytes:sub(11, 12) == "\0\0" and not authoritative and not recursive
end

-- "10.0.0.1:53", "[fe80::1%2]:53": a link is written as its number.
local function place(server)
  local addr, link = server:match("^([^%%]+)%%(.+)$")
  if addr then server = addr .. "%" .. ((tiny.read_file(("/sys/class/net/%s/ifindex"):format(link)) or link):gsub("%s", "")) end
  return (server:find(":", 1, true) and "[%s]:53" or "%s:53"):format(server)
end

-- The servers in the order in which they are asked. memory: what is known from earlier queries.
local function order(servers, manner, memory)
  memory.silent = memory.silent or {}
  memory.turn = ((memory.turn or -1) + 1) % #servers
  local first, last, now = {}, {}, tiny.clock("monotonic")
  for i = 1, #servers do
    local server = servers[(i - 1 + (manner.rotate and memory.turn or 0)) % #servers + 1]
    table.insert((memory.silent[server] or 0) > now and last or first, server)
  end
  return table.move(last, 1, #last, #first + 1, first)
end

-- Asks the servers; `reply` gets the answer, or nil. manner: see resolv_conf.manner. options: `stream` if the client has
-- room for any answer, `memory` a table that is kept between queries, `told(server, n)` is called before each datagram.
--
-- Each server is asked once within one timeout, since the container's C library waits as long for us as it would for one
-- server. The sockets stay open until the end, so that a slow server has the whole time.
function forward.ask(loop, query, servers, manner, options, reply)
  local memory = options.memory
  local list = order(servers, manner, memory)
  local step, steps, pause = 0, #list * manner.attempts, manner.timeout / #list
  local open, streams, given_up, left = {}, {}, {}, #list
  local over, poor, timer, limit, advance = false, nil, nil, nil, nil

  local function keep(server, socket)
    memory.sockets = (memory.sockets or 0) + 1
    open[server] = socket
  end
  local function close(server)
    local socket = open[server]
    if not socket then return end
    open[server], memory.sockets = nil, memory.sockets - 1
    loop:off(socket)
    loop:on_room(socket, nil)
    socket:close()
  end
  local function finish(bytes)
    if over then return end
    over = true
    loop:cancel(timer)
    loop:cancel(limit)
    for _, server in ipairs(list) do close(server) end
    reply(bytes or poor)
  end
  -- A server that fails is not asked again. The next one is asked at once, unless it may still answer.
  local function give_up(server)

    close(server)
    if over or given_up[server] then return end
    given_up[server], left = true, left - 1
    if left == 0 then return finish() end
    local next_one = list[step % #list + 1]
    if server == list[(step - 1) % #list + 1] and not open[next_one] then advance() end
  end
  -- Takes a reply, which is the answer unless the server failed.
  local function take(server, bytes)
    memory.silent[server] = nil
    if not failure(bytes) then return finish(bytes) end
    poor = poor or bytes
    give_up(server)
  end

  local function by_tcp(server)
    streams[server] = true
    local stream = (memory.sockets or 0) < SOCKETS and tiny.try(tiny.tcp_connect, place(server), { wait = false })
    if not stream then return give_up(server) end
    keep(server, stream)
    local got = ""
    loop:on(stream, function()
      local bytes = tiny.try(stream.read, stream)
      if bytes == false then return end
      if not bytes then return give_up(server) end
      got = got .. bytes
      local length = #got >= 2 and string.unpack(">I2", got)
      if not length or #got < length + 2 then return end
      got = got:sub(3, length + 2)
      if belongs(got, query) then take(server, got) else give_up(server) end
    end)
    WriteQueue.new(loop, stream, nil, function() give_up(server) end):put(string.pack(">s2", query))
  end
  local function receive(server, socket)
    local bytes, other = tiny.try(socket.receive, socket)
    -- Without bytes, `other` is the error; nothing is there after a wrong checksum.
    if not bytes and other then return give_up(server) end
    if not bytes or not belongs(bytes, query) then return end
    if not options.stream or bytes:byte(3) & TRUNCATED == 0 then return take(server, bytes) end
    -- If the server has no TCP, a part is better than nothing.
    poor = bytes
    close(server)
    by_tcp(server)
  end
  local function by_udp(server)
    if not open[server] then
      local own = server:find(":", 1, true) and "[::]:0" or "0.0.0.0:0"
      local socket = (memory.sockets or 0) < SOCKETS and tiny.try(tiny.udp_bind, own, { peer = place(server) })
      if not socket then return give_up(server) end
      keep(server, socket)
      loop:on(socket, function() receive(server, socket) end)
    end
    if options.told then options.told(server, step) end
    local _, err = tiny.try(open[server].send, open[server], query, place(server))
    if err then give_up(server) end
  end

  function advance()
    timer = loop:cancel(timer)
    repeat
      if step == steps then return end
      step = step + 1
    until not given_up[list[(step - 1) % #list + 1]]
    local server = list[(step - 1) % #list + 1]
    timer = loop:after(pause, function()
      memory.silent[server] = tiny.clock("monotonic") + LAST
      advance()
    end)
    if streams[server] then return end
    if manner.tcp then by_tcp(server) else by_udp(server) end
  end
  limit = loop:after(manner.timeout * manner.attempts, finish)
  advance()
end

return forward
