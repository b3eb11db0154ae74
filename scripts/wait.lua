-- Waits for containers to end.
local each = require("tiny.cli.options").each
local finished = require "tiny.client.wait"

return {
  summary = "Wait until containers end, and print their exit statuses",
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    return each(args.container, function(container)
      local now = finished(container)
      return now and (now.state.exit_code or "unknown") or "removed"
    end)
  end,
}
