-- The supervisor's side of a container's terminal: what the pty says goes to the log and to every
-- client; what a client types goes to the pty. A message is a letter and its text: to the container
-- "i" input, "r" size, "s" signal; to a client "o" output, "x" how it ended.
local Outbox = require "tiny.outbox"
local terminal = require "tiny.terminal"

local Console = {}
Console.__index = Console

local CHUNK = "16k"
-- Behind by this much, a client holds the pty up; for this long, and it is let go.
local BEHIND, PATIENCE = 256 * 1024, 10

function Console.path(container)
  return container.run .. "/attach"
end

-- Takes over the pty that the container made; `client` is the first client's connection, if any.
function Console.open(ctx, client)
  local self = setmetatable({ clients = {}, first = client, path = Console.path(ctx) }, Console)
  -- The slave stays open here: without one a read of the master would fail for good.
  self.master, self.slave = terminal.receive(ctx)
  tiny.try(tiny.remove, self.path)
  self.listener = tiny.unix_listen(self.path, { type = "seqpacket", nonblock = true })
  self.log = tiny.open(ctx.run .. "/stdout", { write = true, nonblock = true })
  return self
end

local function let_go(self, client)
  if not self.clients[client] then return end
  self.clients[client] = nil
  self.loop:cancel(client.timer)
  self.loop:off(client.file)
  client.outbox:close()
  client.file:close()
  self:balance()
end

-- Lets a client go that has taken nothing for a while.
local function lose_patience(self, client)
  local before = client.outbox.size
  client.timer = self.loop:after(PATIENCE, function()
    if client.outbox.size >= before then return let_go(self, client) end
    lose_patience(self, client)
  end)
end

-- Reads the pty only while the log and the clients keep up: the program then waits, as at any slow
-- terminal, and nothing piles up here. A client that takes nothing at all is let go in the end.
function Console:balance()
  local full = self.to_log.size > 0
  for client in pairs(self.clients) do
    local behind = client.outbox.size > BEHIND
    full = full or behind
    if behind and not client.timer then lose_patience(self, client) end
  end
  if full == (self.held or false) then return end
  self.held = full
  if full then self.loop:off(self.master) else self.loop:on(self.master, function() self:output() end) end
end

-- Moves what the pty says; returns whether there was anything.
function Console:output()
  local bytes = tiny.try(self.master.read, self.master, CHUNK)
  if not bytes then return false end
  self.to_log:put(bytes)
  for client in pairs(self.clients) do client.outbox:put("o" .. bytes) end
  self:balance()
  return true
end

-- Sets the size. A client that has just come gets the whole screen drawn again: a program does that
-- when the size changes, so that an equal one is changed for a moment.
function Console:resize(client, rows, cols)
  local now_rows, now_cols = tiny.terminal_size(self.master)
  if client.fresh and client ~= self.first and rows == now_rows and cols == now_cols then
    tiny.terminal_size(self.master, { rows = rows, cols = cols + 1 })
  end
  client.fresh = false
  tiny.terminal_size(self.master, { rows = rows, cols = cols })
end

-- One message of a client.
function Console:take(client)
  local message = tiny.try(client.file.read, client.file)
  if not message then return message == nil and let_go(self, client) end
  local kind, text = message:sub(1, 1), message:sub(2)
  local rows, cols = text:match("^(%d+) (%d+)$")
  if kind == "i" then
    self.to_pty:put(text)
    -- A program that does not read: its client waits, as at any terminal.
    if self.to_pty.size > 0 then self.loop:off(client.file) end
  elseif kind == "r" and rows then
    tiny.try(self.resize, self, client, math.tointeger(rows), math.tointeger(cols))
  elseif kind == "s" then
    tiny.try(self.signal, text)
  end
end

function Console:listen_to(client)
  self.loop:on(client.file, function() self:take(client) end)
end

function Console:add(file)
  local client = { file = file, fresh = true }
  local function progress()
    self.loop:cancel(client.timer)
    client.timer = nil
    self:balance()
  end
  client.outbox = Outbox.new(self.loop, file, progress, function() let_go(self, client) end)
  self.clients[client] = true
  self:listen_to(client)
  return client
end

-- Takes part in the supervisor's loop; signal(name) is for the signals that clients send.
function Console:join(loop, signal)
  self.loop, self.signal = loop, signal
  self.to_log = Outbox.new(loop, self.log, function() self:balance() end, function() end)
  self.to_pty = Outbox.new(loop, self.master, function()
    for client in pairs(self.clients) do self:listen_to(client) end
  end, function() end)
  if self.first then self.first = self:add(self.first) end
  loop:on(self.master, function() self:output() end)
  loop:on(self.listener, function()
    for file in function() return tiny.unix_accept(self.listener, { nonblock = true }) end do self:add(file) end
  end)
end

-- The program has ended: the rest of its output. make_room() empties the log's FIFO; false when that
-- cannot be done.
function Console:drain(make_room)
  self.slave:close()
  repeat
    local room = make_room()
    self.to_log:flush()
  until not room or (self.to_log.size == 0 and not self:output())
  self.listener:close()
  tiny.try(tiny.remove, self.path)
end

-- Tells the clients how it ended, once that is on record, and waits for those that are slow.
function Console:tell(result)
  local loop = require("tiny.loop").new()
  local function finish()
    for client in pairs(self.clients) do
      if client.outbox.size > 0 then return end
    end
    loop:stop()
  end
  for client in pairs(self.clients) do
    local pieces = client.outbox
    client.outbox = Outbox.new(loop, client.file, finish, finish)
    for i = pieces.first, pieces.last do client.outbox:put(pieces.pieces[i]) end
    client.outbox:put("x" .. tiny.json_encode(result))
  end
  loop:after(PATIENCE, function() loop:stop() end)
  finish()
  if not loop.stopped then loop:run() end
end

return Console
