-- Removes all containers that are not running.
local format = require "tiny.format"
local state = require "tiny.state"

return {
  summary = "Remove all containers that are not running",
  section = "Containers",
  order = 124,
  options = { { "force", short = "f", type = "flag", help = "For scripts written for docker: this command never asks" } },
  run = function()
    local ended = { exited = true, stopped = true, created = true }
    for _, container in ipairs(state.list()) do
      -- Skipped if another command is starting or removing it.
      local now = ended[container.state.status] and not container.damage and state.claim(container)
      local alive <close> = now and now.alive
      local forgotten, err = tiny.try(function() return now and ended[now.state.status] and not now.damage and state.forget(now) end)
      if forgotten then format.line(now.id) elseif err then format.note("%s", tostring(err)) end
    end
  end,
}
