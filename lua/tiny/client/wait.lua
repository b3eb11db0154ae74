-- Waits until a container's supervisor has recorded its end; returns the container's new state, or nil if it was removed. The
-- supervisor holds a lock while it lives, so the kernel reports its end.
local state = require "tiny.state"

return function(container)
  local waiting = { running = true, starting = true, restarting = true }
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
  return container
end
