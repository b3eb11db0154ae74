-- An event loop: functions that are called when a handle is ready or a time has come. It sleeps in
-- one poll(2) and asks for nothing that the kernel does not tell.
local Loop = {}
Loop.__index = Loop

function Loop.new()
  return setmetatable({ handles = {}, calls = {}, timers = {} }, Loop)
end

-- Calls f(handle) whenever the handle is ready.
function Loop:on(handle, f)
  if not self.calls[handle] then table.insert(self.handles, handle) end
  self.calls[handle] = f
end

function Loop:off(handle)
  self.calls[handle] = nil
  for i, other in ipairs(self.handles) do
    if other == handle then return table.remove(self.handles, i) end
  end
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
    for _, handle in ipairs(tiny.poll(self.handles, wait_time(self))) do
      if self.calls[handle] then self.calls[handle](handle) end
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
