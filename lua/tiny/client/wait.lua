-- Waits until a container's supervisor has recorded its end. The supervisor holds a lock while it lives, so the kernel reports its
-- end.
local state = require "tiny.state"

-- How a container that no longer exists ended: its last event of an end.
local function recorded_end(container)
  local last
  require "tiny.store.event_reader"({ since = 0 }, function(event)
    if event.id == container.id and event.event == "die" then last = event.attributes or {} end
  end)
  last = last or {}
  return {
    exit_code = last.exit_code, signal = last.signal, oom = last.oom, exceeded = last.exceeded, truncated = last.truncated, usage = last.usage,
    removed = true,
  }
end

-- Returns the state after the end: that of the container, or if it was removed, what its last event has, with
-- removed = true.
return function(container)
  local waiting, last = { running = true, starting = true, restarting = true }, container
  while container and waiting[container.state.status] do
    -- One that cannot be recovered has no supervisor: wait for its own end; the next lookup records it.
    local process <close> = container.damage and state.process(container) or nil
    if process then tiny.poll { process } end
    if tiny.stat(container.run .. "/alive") then
      local lock = tiny.try(tiny.flock, container.run .. "/alive")
      if lock then lock:close() end
    end
    -- Still running without a supervisor: find recovers it, and the next supervisor is waited for.
    container = tiny.try(state.find, container.id)
  end
  return container and container.state or recorded_end(last)
end
