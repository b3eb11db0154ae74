-- The clients of a supervisor: `attach` commands that are connected to a socket in the container's run folder. A message is a
-- letter and its text; its meaning is up to the module that opened the socket.
local Outbox = require "tiny.base.write_queue"

local Audience = {}
Audience.__index = Audience

-- The maximum size of a message's text.
local CHUNK = 16 * 1024
-- Reading stops for a client with this many pending bytes; one that takes none for PATIENCE seconds is disconnected.
local BEHIND, PATIENCE = 256 * 1024, 10

function Audience.open(path)
  tiny.try(tiny.remove, path)
  local listener = tiny.unix_listen(path, { type = "seqpacket", nonblock = true })
  return setmetatable({ clients = {}, path = path, listener = listener }, Audience)
end

local function let_go(self, client)
  if not self.clients[client] then return end
  self.clients[client] = nil
  self.loop:cancel(client.timer)
  self.loop:off(client.file)
  client.outbox:close()
  client.file:close()
  self.on.changed()
end

-- Disconnects a client that has taken nothing for a while.
local function lose_patience(self, client)
  local before = client.outbox.size
  client.timer = self.loop:after(PATIENCE, function()
    if client.outbox.size >= before then return let_go(self, client) end
    lose_patience(self, client)
  end)
end

-- Whether a client is far behind: no more output is read until it catches up, so that the queue is bounded. A client that takes
-- nothing at all is disconnected in the end.
function Audience:behind()
  local found = false
  for client in pairs(self.clients) do
    local behind = client.outbox.size > BEHIND
    found = found or behind
    if behind and not client.timer then lose_patience(self, client) end
  end
  return found
end

-- Sends bytes to all clients, in messages that begin with this letter.
function Audience:put(letter, bytes)
  for from = 1, #bytes, CHUNK do
    local message = letter .. bytes:sub(from, from + CHUNK - 1)
    for client in pairs(self.clients) do client.outbox:put(message) end
  end
  self.on.changed()
end

-- Handles one message of a client.
local function take(self, client)
  local message = tiny.try(client.file.read, client.file)
  if not message then return message == nil and let_go(self, client) end
  if self.on.take then self.on.take(client, message) end
end

function Audience:listen_to(client)
  self.loop:on(client.file, function() take(self, client) end)
end

-- Moves a client's outbox to another loop, with its pending messages.
local function outbox(client, loop, on_empty, on_error)
  local old = client.outbox
  client.outbox = Outbox.new(loop, client.file, on_empty, on_error)
  for i = old and old.first or 1, old and old.last or 0 do client.outbox:put(old.pieces[i]) end
end

local function take_in(self, client)
  local function progress()
    self.loop:cancel(client.timer)
    client.timer = nil
    self.on.changed()
  end
  client.timer = nil
  self.clients[client] = true
  outbox(client, self.loop, progress, function() let_go(self, client) end)
  if self.clients[client] then self:listen_to(client) end
end

function Audience:add(file)
  local client = { file = file, fresh = true }
  take_in(self, client)
  return client
end

-- Accepts pending connections.
function Audience:accept()
  for file in function() return tiny.unix_accept(self.listener, { nonblock = true }) end do self:add(file) end
end

-- Joins a loop, and the next one after a restart. on.take(client, message) gets a client's messages; on.changed() is called when
-- a client may have caught up or has left.
function Audience:join(loop, on)
  self.loop, self.on = loop, on
  local clients = {}
  for client in pairs(self.clients) do table.insert(clients, client) end
  for _, client in ipairs(clients) do take_in(self, client) end
  loop:on(self.listener, function() self:accept() end)
end

-- Accepts no more clients.
function Audience:close()
  if self.closed then return end
  self.closed = true
  self.listener:close()
  tiny.try(tiny.remove, self.path)
end

-- Sends the clients the recorded result, and waits for slow ones.
function Audience:tell(result)
  self:close()
  local loop = require("tiny.base.loop").new()
  local function finish()
    for client in pairs(self.clients) do
      if client.outbox.size > 0 then return end
    end
    loop:stop()
  end
  for client in pairs(self.clients) do
    outbox(client, loop, finish, finish)
    client.outbox:put("x" .. tiny.json_encode(result))
  end
  loop:after(PATIENCE, function() loop:stop() end)
  finish()
  if not loop.stopped then loop:run() end
end

return Audience
