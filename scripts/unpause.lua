-- Resumes paused containers.
local each = require("tiny.cli.options").each
local resume = require("tiny.client.pause").resume

return {
  summary = "Resume paused containers",
  section = "Containers",
  order = 120,
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    return each(args.container, function(container, name)
      resume(container)
      return name
    end)
  end,
}
