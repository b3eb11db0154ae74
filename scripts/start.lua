-- Starts containers that have ended.
local each = require("tiny.cli.options").each
local run = require "tiny.client.run"

return {
  summary = "Start containers that have ended or were only created",
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  seal = true,
  run = function(args)
    return each(args.container, function(container, name)
      run.start(container)
      return name
    end)
  end,
}
