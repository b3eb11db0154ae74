-- Lists volumes.
local filters = require "tiny.cli.volume_filters"
local format = require "tiny.format"

return {
  summary = "List volumes",
  order = 2,
  options = {
    { "quiet", short = "q", type = "flag", help = "Print only names" },
    { "filter", short = "f", many = true, value = "KEY=VALUE", help = "Show only volumes that match; keys: " .. table.concat(filters.keys(), ", ") },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  run = function(args)
    local found, rows = filters.chosen(require("tiny.store.volumes").list(), args.filter), {}
    for i, volume in ipairs(found) do
      if volume.damage then format.note("%s", volume.damage) end
      if args.quiet then format.line(volume.name) end
      rows[i] = { volume.driver, volume.name }
    end
    if args.quiet then return end
    if args.format == "json" then return format.json(found) end
    format.table({ "DRIVER", "VOLUME NAME" }, rows)
  end,
}
