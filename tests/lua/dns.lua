-- Helpers of the DNS tests: queries by hand, replies taken apart, and name servers that behave as told.
local dns = {}

dns.KINDS = { A = 1, NS = 2, CNAME = 5, SOA = 6, PTR = 12, MX = 15, TXT = 16, AAAA = 28, SRV = 33, ANY = 255 }

-- A query; edns: the size that it accepts over UDP, nil without EDNS.
function dns.query(name, kind, edns)
  local words = {}
  for part in name:gmatch("[^.]+") do table.insert(words, string.pack("s1", part)) end
  return string.pack(">I2I2I2I2I2I2", math.random(65535), 0x100, 1, 0, 0, edns and 1 or 0) .. table.concat(words) .. "\0"
    .. string.pack(">I2I2", dns.KINDS[kind] or kind, 1) .. (edns and "\0" .. string.pack(">I2I2I4I2", 41, edns, 0, 0) or "")
end

-- The end of a name at this place, and the name.
local function name_at(bytes, at)
  local parts, past = {}, nil
  while bytes:byte(at) ~= 0 do
    local length = bytes:byte(at)
    if length >= 0xc0 then
      past = past or at + 2
      at = (string.unpack(">I2", bytes, at) & 0x3fff) + 1
    else
      table.insert(parts, bytes:sub(at + 1, at + length))
      at = at + length + 1
    end
  end
  return past or at + 1, table.concat(parts, ".")
end

-- Types whose data begins with a number and ends with a name, which may be compressed: the number's length.
local NAMED = { [2] = 0, [5] = 0, [12] = 0, [15] = 2, [33] = 6 }

-- A reply: id, code, cut (truncated), opt (the size of its EDNS record), size, and records: its answers as sorted text.
function dns.parse(bytes)
  local id, flags, questions, answers, authority, more = string.unpack(">I2I2I2I2I2I2", bytes)
  local reply, at = { id = id, code = flags & 15, cut = flags & 0x200 ~= 0, size = #bytes, records = {} }, 13
  for _ = 1, questions do at = name_at(bytes, at) + 4 end
  for n = 1, answers + authority + more do
    local past, name = name_at(bytes, at)
    local kind, class, _, data = string.unpack(">I2I2I4s2", bytes, past)
    local start = past + 10
    if NAMED[kind] then data = data:sub(1, NAMED[kind]) .. select(2, name_at(bytes, start + NAMED[kind])) end
    if kind == 41 then reply.opt = class
    elseif n <= answers then table.insert(reply.records, ("%s %d %q"):format(name:lower(), kind, data)) end
    at = start + string.unpack(">I2", bytes, past + 8)
  end
  table.sort(reply.records)
  return reply
end

-- Asks over UDP; nil if no reply comes. o: netns, server (an address), wait (seconds).
function dns.udp(query, o)
  local socket <close> = tiny.udp_bind("0.0.0.0:0", { netns = o.netns })
  socket:send(query, o.server .. ":53")
  if #tiny.poll({ socket }, o.wait or 20) == 0 then return nil end
  return (socket:receive())
end

-- Asks over TCP, several queries at once; returns the replies in the order of the queries.
function dns.tcp(queries, o)
  local stream <close> = tiny.tcp_connect(o.server .. ":53", { netns = o.netns, timeout = "5s" })
  local text = {}
  for i, query in ipairs(queries) do text[i] = string.pack(">s2", query) end
  stream:write(table.concat(text))
  local got, replies, count = "", {}, 0
  while count < #queries do
    local bytes = assert(stream:read(), "the connection was closed")
    got = got .. bytes
    while #got >= 2 and #got >= string.unpack(">I2", got) + 2 do
      local reply = string.unpack(">s2", got)
      got, count = got:sub(#reply + 3), count + 1
      for i, query in ipairs(queries) do
        if query:sub(1, 2) == reply:sub(1, 2) then replies[i] = reply end
      end
    end
  end
  return table.unpack(replies)
end

local function serve(udp, listener, respond, log)
  local streams = {}
  local function answer(query, proto)
    local question = tiny.dns_question(query)
    tiny.append_file(log, question.name .. " " .. proto .. "\n")
    return respond(query, question, proto)
  end
  while true do
    local all = { udp, listener }
    for stream in pairs(streams) do table.insert(all, stream) end
    for _, ready in ipairs(tiny.poll(all)) do
      if ready == listener then
        local stream = listener:accept()
        if stream then streams[stream] = true end
      elseif ready == udp then
        local query, from = udp:receive()
        local reply = query and answer(query, "udp")
        if reply then udp:send(reply, from) end
      else
        local bytes = ready:read()
        if bytes then ready:write(string.pack(">s2", answer(string.unpack(">s2", bytes), "tcp")))
        else streams[ready] = nil ready:close() end
      end
    end
  end
end

-- A name server at addr: respond(query, question, proto) returns the reply, or nil for none. tcp: whether it has TCP. It
-- writes what it is asked to /tmp/asked-ADDR; returns its process.
function dns.server(netns, addr, respond, tcp)
  local udp = tiny.udp_bind(addr .. ":53", { netns = netns })
  local listener = tcp and tiny.tcp_listen(addr .. ":53", { netns = netns }) or nil
  local log = "/tmp/asked-" .. addr
  tiny.write_file(log, "")
  local child = tiny.fork(function() serve(udp, listener, respond, log) end)
  udp:close()
  if listener then listener:close() end
  return child
end

-- How often a server was asked for a name, by "udp" or "tcp".
function dns.asked(addr, name, proto)
  local count = 0
  for line in tiny.read_file("/tmp/asked-" .. addr):gmatch("[^\n]+") do
    if line == name .. " " .. (proto or "udp") then count = count + 1 end
  end
  return count
end

return dns
