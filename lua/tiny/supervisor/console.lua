-- The supervisor's side of a container's terminal: the pty's output goes to the log and to every client; clients' input goes to
-- the pty. A message is a letter and its text: to the container "i" input, "r" size, "s" signal, "g" nobody reads its output; to a client "o" output, "x"
-- the result.
local Audience = require "tiny.supervisor.attach_clients"
local Outbox = require "tiny.base.write_queue"
local terminal = require "tiny.pipeline.terminal"

local Console = {}
Console.__index = Console

local CHUNK = "16k"

-- Receives the pty that the container created; `client` is the first client's connection, if any.
function Console.open(ctx, client)
  local self = setmetatable({ first = client }, Console)
  -- The slave stays open here: without one, reads of the master would fail permanently.
  self.master, self.slave = terminal.receive(ctx)
  self.audience = Audience.open(ctx.run .. "/attach")
  self.log = tiny.open(ctx.run .. "/stdout", { write = true, nonblock = true })
  return self
end

-- Reads the pty only while the log and the clients keep up: otherwise the program blocks, as on any slow terminal.
function Console:balance()
  local full = self.audience:behind() or self.to_log.size > 0
  if full == (self.held or false) then return end
  self.held = full
  if full then self.loop:off(self.master) else self.loop:on(self.master, function() self:output() end) end
end

-- Forwards the pty's output; returns whether there was any.
function Console:output()
  local bytes = tiny.try(self.master.read, self.master, CHUNK)
  if not bytes then return false end
  self.to_log:put(bytes)
  self.audience:put("o", bytes)
  return true
end

-- Sets the size. For a new client, the program must redraw the whole screen. Programs do so when the size changes, so an equal
-- size is changed briefly.
function Console:resize(client, rows, cols)
  local now_rows, now_cols = tiny.terminal_size(self.master)
  if client.fresh and client ~= self.first and rows == now_rows and cols == now_cols then
    tiny.terminal_size(self.master, { rows = rows, cols = cols + 1 })
  end
  client.fresh = false
  tiny.terminal_size(self.master, { rows = rows, cols = cols })
end

-- Shows text of tinylua's own to the clients.
function Console:say(text)
  self.audience:put("o", text)
end

-- Asks the clients: done(key) is called with each key until it returns true; without one when the time is over. Questions wait
-- for one another.
function Console:ask(text, seconds, done)
  self.questions = self.questions or {}
  table.insert(self.questions, { text = text, seconds = seconds, done = done })
  if #self.questions == 1 then self:next_question() end
end

function Console:next_question()
  local question = self.questions[1]
  if not question then return end
  self:say(question.text)
  question.timer = self.loop:after(question.seconds, function() self:answer(nil) end)
end

-- A key for the question that is shown; nil: it was not answered.
function Console:answer(key)
  local question = self.questions[1]
  if not question.done(key) and key then return end
  self.loop:cancel(question.timer)
  table.remove(self.questions, 1)
  self:next_question()
end

-- One message of a client.
function Console:take(client, message)
  local kind, text = message:sub(1, 1), message:sub(2)
  local rows, cols = text:match("^(%d+) (%d+)$")
  if kind == "i" and self.questions and self.questions[1] then
    self:answer(text:sub(1, 1))
  elseif kind == "i" then
    self.to_pty:put(text)
    -- If the program does not read, its client waits, as on any terminal.
    if self.to_pty.size > 0 then self.loop:off(client.file) end
  elseif kind == "r" and rows then
    tiny.try(self.resize, self, client, math.tointeger(rows), math.tointeger(cols))
  elseif kind == "s" then
    tiny.try(self.signal, text)
  elseif kind == "g" then
    self.gone()
  end
end

-- Joins the supervisor's loop; signal(name) is called for signals that clients send, and gone() if the run's output has lost its
-- reader.
function Console:join(loop, signal, gone)
  self.loop, self.signal, self.gone = loop, signal, gone
  local function balance() self:balance() end
  self.to_log = Outbox.new(loop, self.log, balance, function() end)
  self.to_pty = Outbox.new(loop, self.master, function()
    for client in pairs(self.audience.clients) do self.audience:listen_to(client) end
  end, function() end)
  self.audience:join(loop, { take = function(...) self:take(...) end, changed = balance })
  if self.first then self.first = self.audience:add(self.first) end
  loop:on(self.master, function() self:output() end)
end

-- After the program's end, reads the rest of its output. make_room() empties the log's FIFO; it returns false if it cannot.
function Console:drain(make_room)
  self.slave:close()
  repeat
    local room = make_room()
    self.to_log:flush()
  until not room or (self.to_log.size == 0 and not self:output())
  self.audience:close()
end

return Console
