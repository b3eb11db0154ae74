-- An event loop: calls functions when a file descriptor is ready or a timer expires. It waits in one poll(2) and never
-- polls periodically.
local Loop = {}
Loop.__index = Loop

-- Seconds without an event after which memory is released: the first time, and each later time.
local SOON, LATER = 1, 60

function Loop.new()
  return setmetatable({ handles = {}, calls = {}, writers = {}, room = {}, timers = {}, quiet = SOON }, Loop)
end

-- Calls f(handle) whenever the handle is readable.
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

-- Calls f(handle) whenever the handle is writable; nil removes the callback.
function Loop:on_room(handle, f)
  if f and not self.room[handle] then table.insert(self.writers, handle) end
  if not f then drop(self.writers, handle) end
  self.room[handle] = f
end

-- Calls f once after this many seconds; returns a timer that can be cancelled.
function Loop:after(seconds, f)
  local timer = { at = tiny.clock("monotonic") + seconds, call = f }
  self.timers[timer] = true
  return timer
end

function Loop:cancel(timer)
  if timer then self.timers[timer] = nil end
end

-- Seconds until the next timer; nil if there is none.
local function wait_time(self)
  local first
  for timer in pairs(self.timers) do first = math.min(first or timer.at, timer.at) end
  return first and math.max(0, first - tiny.clock("monotonic"))
end

-- Waits for a handle or the next timer. If no event arrives for a while, memory that waiting does not need is released.
local function wait(self)
  local time = wait_time(self)
  -- Without writers, poll only for reading.
  local options = self.writers[1] and { write = self.writers }
  if time and time <= self.quiet then return tiny.poll(self.handles, time, options) end
  local ready, takers = tiny.poll(self.handles, self.quiet, options)
  if #ready > 0 or #(takers or {}) > 0 then return ready, takers end
  self.quiet = LATER
  -- What has a finalizer is freed by the second collection.
  collectgarbage()
  collectgarbage()
  return tiny.poll(self.handles, wait_time(self), { write = options and self.writers, trim = true })
end

-- Runs until stop() is called.
function Loop:run()
  self.stopped = false
  while not self.stopped do
    local ready, takers = wait(self)
    for _, handle in ipairs(ready) do
      if self.calls[handle] then self.calls[handle](handle) end
    end
    for _, handle in ipairs(takers or {}) do
      if self.room[handle] then self.room[handle](handle) end
    end
    -- A callback may set timers, so the expired ones are collected first.
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
