-- Creates a container that waits for `start`.
local front = require "tiny.oci.front"

return {
  summary = "Create a container, which waits for start",
  order = 1,
  seal = true,
  options = function() return require("tiny.oci.command_options").bundle() end,
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    front.create(args.id, args)
  end,
}
