-- Waits for containers to exit.
local each = require("tiny.cli.options").each
local format = require "tiny.format"
local report = require "tiny.client.usage_report"
local wait = require "tiny.client.wait"

return {
  summary = "Wait for containers to exit and print their exit statuses",
  section = "Containers",
  order = 122,
  options = {
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table, or json with how they ended and what they used" },
  },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    local all = {}
    local status = each(args.container, function(container)
      local ended = wait(container)
      if args.format == "json" then return table.insert(all, report.object(container, ended)) end
      return ended.exit_code or "unknown"
    end)
    if args.format == "json" then format.json(all) end
    return status
  end,
}
