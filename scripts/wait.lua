-- Waits for containers to exit.
local each = require("tiny.cli.options").each
local wait = require "tiny.client.wait"

return {
  summary = "Wait for containers to exit and print their exit statuses",
  section = "Containers",
  order = 122,
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    return each(args.container, function(container)
      return wait(container).exit_code or "unknown"
    end)
  end,
}
