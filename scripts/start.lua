-- Starts containers that are not running.
local each = require("tiny.cli.options").each
local run = require "tiny.client.run"

return {
  summary = "Start created or stopped containers",
  section = "Containers",
  order = 106,
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  seal = true,
  run = function(args)
    return each(args.container, function(container, name)
      run.start(container)
      return name
    end)
  end,
}
