-- Removes every container that is not in use.
local format = require "tiny.format"
local state = require "tiny.state"

return {
  summary = "Remove every container that has ended or was only created",
  run = function()
    local ended = { exited = true, stopped = true, created = true }
    for _, container in ipairs(state.list()) do
      -- Who starts it, or removes it, at this moment was faster.
      local now = ended[container.state.status] and not container.damage and state.claim(container)
      local alive <close> = now and now.alive
      local forgotten, err = tiny.try(function() return now and ended[now.state.status] and not now.damage and state.forget(now) end)
      if forgotten then format.line(now.id) elseif err then format.note("%s", tostring(err)) end
    end
  end,
}
