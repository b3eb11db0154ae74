-- Waits until a container's supervisor has recorded its end; returns the container as it is then, or
-- nil when it was removed. The supervisor holds a lock as long as it lives, so the kernel tells.
local state = require "tiny.state"

return function(container)
  local waiting = { running = true, starting = true, restarting = true }
  while container and waiting[container.state.status] do
    -- One that cannot be taken over has no supervisor: its own end is waited for, and the next look records it.
    local process <close> = container.damage and state.process(container) or nil
    if process then tiny.poll { process } end
    if tiny.stat(container.run .. "/alive") then
      local lock = tiny.try(tiny.flock, container.run .. "/alive")
      if lock then lock:close() end
    end
    -- Still running without a supervisor: find takes it over, and the next one is waited for.
    container = tiny.try(state.find, container.id)
  end
  return container
end
