-- A write queue for a file that may be full: bytes that it does not accept now are kept, in order, until it is writable.
-- Each piece is one write, so that messages stay whole. The owner limits the queue by checking `size`.
local WriteQueue = {}
WriteQueue.__index = WriteQueue

-- on_empty() is called when the queue has drained, on_error(err) when the peer has closed.
function WriteQueue.new(loop, file, on_empty, on_error)
  local made = { loop = loop, file = file, on_empty = on_empty, on_error = on_error }
  made.pieces, made.first, made.last, made.size = {}, 1, 0, 0
  return setmetatable(made, WriteQueue)
end

-- Writes pieces until one does not fit.
local function push(self)
  while self.pieces[self.first] do
    local piece = self.pieces[self.first]
    local taken, err = tiny.try(self.file.write, self.file, piece, { wait = false })
    if not taken then
      self:close()
      return self.on_error(err)
    end
    self.size = self.size - taken
    if taken < #piece then
      self.pieces[self.first] = piece:sub(taken + 1)
      return
    end
    self.pieces[self.first] = nil
    self.first = self.first + 1
  end
end

function WriteQueue:put(bytes)
  if self.closed then return end
  self.last = self.last + 1
  self.pieces[self.last] = bytes
  self.size = self.size + #bytes
  if not self.waiting then self:flush() end
end

function WriteQueue:flush()
  push(self)
  if self.closed then return end
  local waiting = self.size > 0
  if waiting ~= (self.waiting or false) then self.loop:on_room(self.file, waiting and function() self:flush() end or nil) end
  local emptied = self.waiting and not waiting
  self.waiting = waiting
  if emptied and self.on_empty then self.on_empty() end
end

function WriteQueue:close()
  if self.waiting then self.loop:on_room(self.file, nil) end
  self.closed, self.waiting = true, false
end

return WriteQueue
