-- Messages between the processes of egress: a JSON object on each line, in both directions. A message with `n` is a request,
-- and its reply has the same number as `to`.
local WriteQueue = require "tiny.base.write_queue"

local Channel = {}
Channel.__index = Channel

-- The most bytes that are kept of a peer that does not read, or of a line without an end.
local MOST = 4 * 1024 * 1024

-- on_request(message, reply): called for each request; `reply(answer)` is called once. on_end(): the peer has closed. rest: bytes
-- that were read from the file already.
function Channel.new(loop, file, on_request, on_end, rest)
  local made = setmetatable({ loop = loop, file = file, on_request = on_request, on_end = on_end, asked = {}, next = 1, rest = "" }, Channel)
  made.queue = WriteQueue.new(loop, file, nil, function() made:close() end)
  loop:on(file, function() made:read() end)
  if rest then made:take(rest) end
  return made
end

function Channel:send(message)
  if self.closed then return end
  if self.queue.size > MOST then return self:close() end
  self.queue:put(tiny.json_encode(message) .. "\n")
end

-- Sends a request; on_reply gets the answer, or nil if the peer has closed.
function Channel:ask(message, on_reply)
  if self.closed then return on_reply(nil) end
  message.n, self.next = self.next, self.next + 1
  self.asked[message.n] = on_reply
  self:send(message)
end

local function take(self, line)
  local message = tiny.json_decode(line)
  if type(message) ~= "table" then return self:close() end
  if message.to then
    local on_reply = self.asked[message.to]
    self.asked[message.to] = nil
    return on_reply and on_reply(message)
  end
  self.on_request(message, function(answer)
    if not message.n then return end
    answer.to = message.n
    self:send(answer)
  end)
end

-- Takes bytes of the peer.
function Channel:take(bytes)
  self.rest = self.rest .. bytes
  local at = 1
  while not self.closed do
    local last = self.rest:find("\n", at, true)
    if not last then break end
    take(self, self.rest:sub(at, last - 1))
    at = last + 1
  end
  self.rest = self.rest:sub(at)
  if #self.rest > MOST then self:close() end
end

function Channel:read()
  local bytes, err = tiny.try(self.file.read, self.file)
  if bytes == false then return end
  if err or not bytes then return self:close() end
  self:take(bytes)
end

function Channel:close()
  if self.closed then return end
  self.closed = true
  self.loop:off(self.file)
  self.queue:close()
  self.file:close()
  for n, on_reply in pairs(self.asked) do
    self.asked[n] = nil
    on_reply(nil)
  end
  if self.on_end then self.on_end() end
end

return Channel
