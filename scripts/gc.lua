-- Cleans up after crashes.
local format = require "tiny.format"

return {
  summary = "Clean up after a crash",
  section = "System",
  order = 402,
  about = "Starts a new supervisor for containers that lost theirs, records the end of dead containers, and removes containers\n"
    .. "whose start was interrupted. Every command does this for the containers that it reads; gc does it for all.",
  run = function()
    local cleared = require("tiny.supervisor.recovery").everything()
    for _, what in ipairs(cleared) do format.line(what) end
  end,
}
