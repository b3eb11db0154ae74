-- Clears what crashes left behind.
local format = require "tiny.format"

return {
  summary = "Clear what a crash left behind",
  about = "Takes over containers that lost their supervisor, records dead ones, and removes half-made ones with all\n"
    .. "their steps. Every command does so for the containers that it sees; gc looks at everything.",
  run = function()
    local cleared = require("tiny.supervisor.recovery").everything()
    for _, what in ipairs(cleared) do format.line(what) end
  end,
}
