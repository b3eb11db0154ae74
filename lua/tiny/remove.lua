-- Removing a container: it is at rest, or with `force` is ended first. From the moment when it is seen
-- at rest nobody else starts it.
local state = require "tiny.state"

return function(container, force)
  local stopped = false
  while true do
    local now, current = state.claim(container)
    if now then
      local alive <close> = now.alive
      state.forget(now)
      return
    end
    -- One that removes itself when it ends is gone by now, as was asked.
    if not current then return stopped or state.gone(container) end
    if not force then
      tiny.fail { message = ("%s is %s"):format(current.config.name, current.state.status), hint = "stop it first, or use rm -f" }
    end
    require "tiny.stop"(current, 0, true)
    stopped = true
    -- Nobody may have recorded the end of one whose supervisor was killed.
    container = require("tiny.adopt").look_after(state.load(container.id) or current) or container
  end
end
