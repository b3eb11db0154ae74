-- Cleans up after crashes.
local format = require "tiny.format"

return {
  summary = "Clean up after a crash",
  section = "System",
  order = 402,
  about = "Starts a new supervisor for containers that lost theirs, records the end of dead containers, and removes containers\n"
    .. "whose start was interrupted. Every command does this for the containers that it reads; gc does it for all. It also deletes\n"
    .. "layers and other files of images that neither a name nor a container needs, and interrupted downloads.",
  run = function()
    local cleared = require("tiny.supervisor.recovery").everything()
    for _, what in ipairs(cleared) do format.line(what) end
    if not tiny.stat(require("tiny.store.state").roots() .. "/images") then return end
    local layers, bytes = require("tiny.images.gc").collect { wait = true }
    if not layers then tiny.fail { message = "the image store is not cleaned up: " .. bytes, exit = 1 } end
    if layers > 0 or bytes > 0 then format.line(("deleted %d layers and other files of images, %s"):format(layers, format.size(bytes))) end
  end,
}
