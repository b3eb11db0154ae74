-- Removes all containers that are not running.
local format = require "tiny.format"
local state = require "tiny.state"

return {
  summary = "Remove all containers that are not running",
  section = "Containers",
  order = 124,
  run = function()
    local ended = { exited = true, stopped = true, created = true }
    for _, container in ipairs(state.list()) do
      -- Skipped if another command is starting or removing it.
      local now = ended[container.state.status] and state.claim(container)
      local alive <close> = now and now.alive
      if now and ended[now.state.status] and state.forget(now) then format.line(now.id) end
    end
  end,
}
