-- Removes every container that has ended.
local format = require "tiny.format"
local state = require "tiny.state"

return {
  summary = "Remove every container that has ended",
  run = function()
    for _, container in ipairs(state.list()) do
      local status = container.state.status
      if status == "exited" or status == "stopped" then
        state.forget(container)
        format.line(container.id)
      end
    end
  end,
}
