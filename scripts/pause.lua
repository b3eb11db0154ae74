-- Pauses containers.
local each = require("tiny.cli.options").each
local pause = require("tiny.client.pause").pause

return {
  summary = "Pause all processes of containers",
  section = "Containers",
  order = 119,
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    return each(args.container, function(container, name)
      pause(container)
      return name
    end)
  end,
}
