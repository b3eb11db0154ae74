-- Messages with at most one open file each, between the keeper and the check of connections, over a seqpacket socket. Each side
-- keeps what the other has no room for.
local Packets = {}
Packets.__index = Packets

-- The most messages that wait for a peer that does not read.
local MOST = 8192

-- on_message(message, file), on_end().
function Packets.new(loop, socket, on_message, on_end)
  local made = setmetatable({ loop = loop, socket = socket, on_message = on_message, on_end = on_end, first = 1, last = 0, queue = {} }, Packets)
  loop:on(socket, function() made:read() end)
  return made
end

-- One message: without a further one, the next attempt would fail, which costs more than the message.
function Packets:read()
  local packet = tiny.try(tiny.recv_fds, self.socket)
  local message = packet and tiny.json_decode(packet.data)
  if type(message) ~= "table" or #packet.files > 1 then return self:close() end
  self.on_message(message, packet.files[1])
end

-- Sends a message; the file is closed here.
function Packets:send(message, file)
  if self.closed then return end
  self.last = self.last + 1
  self.queue[self.last] = { tiny.json_encode(message), file }
  if self.last - self.first >= MOST then return self:close() end
  if not self.waiting then self:flush() end
end

local function push(self, text, file)
  if file then return tiny.try(tiny.send_fd, self.socket, file, { data = text }) end
  local taken, err = tiny.try(self.socket.write, self.socket, text, { wait = false })
  return nil, err or (taken == 0 and { code = "EAGAIN" }) or nil
end

function Packets:flush()
  while self.queue[self.first] and not self.closed do
    local text, file = table.unpack(self.queue[self.first])
    local _, err = push(self, text, file)
    if err and err.code ~= "EAGAIN" then return self:close() end
    if err then break end
    if file then file:close() end
    self.queue[self.first] = nil
    self.first = self.first + 1
  end
  if self.closed then return end
  local waiting = self.queue[self.first] ~= nil
  if waiting ~= (self.waiting or false) then self.loop:on_room(self.socket, waiting and function() self:flush() end or nil) end
  self.waiting = waiting
end

function Packets:close()
  if self.closed then return end
  self.closed = true
  self.loop:off(self.socket)
  if self.waiting then self.loop:on_room(self.socket, nil) end
  for at = self.first, self.last do
    if self.queue[at][2] then self.queue[at][2]:close() end
  end
  self.socket:close()
  if self.on_end then self.on_end() end
end

return Packets
