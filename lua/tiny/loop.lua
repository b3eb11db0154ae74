-- An event loop: functions that are called when a handle is ready or a time has come. It sleeps in
-- one poll(2) and asks for nothing that the kernel does not tell.
local Loop = {}
Loop.__index = Loop

function Loop.new()
  return setmetatable({ handles = {}, calls = {}, writers = {}, room = {}, timers = {} }, Loop)
end

-- Calls f(handle) whenever the handle is ready.
function Loop:on(handle, f)
  if not self.calls[handle] then table.insert(self.handles, handle) end
  self.calls[handle] = f
end

local function drop(list, handle)
  for i, other in ipairs(list) do
    if other == handle then return table.remove(list, i) end
  end
end

function Loop:off(handle)
  self.calls[handle] = nil
  drop(self.handles, handle)
end

-- Calls f(handle) whenever the handle takes bytes; nil: no longer.
function Loop:on_room(handle, f)
  if f and not self.room[handle] then table.insert(self.writers, handle) end
  if not f then drop(self.writers, handle) end
  self.room[handle] = f
end

-- Calls f once, that many seconds from now; the timer that comes back can be cancelled.
function Loop:after(seconds, f)
  local timer = { at = tiny.clock("monotonic") + seconds, call = f }
  self.timers[timer] = true
  return timer
end

function Loop:cancel(timer)
  if timer then self.timers[timer] = nil end
end

-- Seconds until the next timer; nil without one.
local function wait_time(self)
  local first
  for timer in pairs(self.timers) do first = math.min(first or timer.at, timer.at) end
  return first and math.max(0, first - tiny.clock("monotonic"))
end

-- Runs until stop is called.
function Loop:run()
  self.stopped = false
  while not self.stopped do
    -- Without files to write to, nothing of them is asked.
    local ready, takers = tiny.poll(self.handles, wait_time(self), self.writers[1] and { write = self.writers })
    for _, handle in ipairs(ready) do
      if self.calls[handle] then self.calls[handle](handle) end
    end
    for _, handle in ipairs(takers or {}) do
      if self.room[handle] then self.room[handle](handle) end
    end
    -- A call may set timers of its own, so the due ones are collected first.
    local now, due = tiny.clock("monotonic"), {}
    for timer in pairs(self.timers) do
      if timer.at <= now then table.insert(due, timer) end
    end
    for _, timer in ipairs(due) do
      self.timers[timer] = nil
      timer.call()
    end
  end
end

function Loop:stop()
  self.stopped = true
end

return Loop
