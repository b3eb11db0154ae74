-- Shows the disk space that images, containers and volumes use.
local format = require "tiny.format"

local function cells(row)
  local share = row.size > 0 and row.reclaimable * 100 // row.size or 0
  return { row.type, row.total, row.active, format.size(row.size), ("%s (%d%%)"):format(format.size(row.reclaimable), share) }
end

local function print_items(row)
  local rows, header = {}, { "NAME", "SIZE", "ACTIVE" }
  for at, item in ipairs(row.items) do rows[at] = { item.name, format.size(item.size), item.used and "yes" or "no" } end
  if row.type == "Images" then
    header = { "NAME", "ID", "SIZE", "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS" }
    for at, item in ipairs(row.items) do
      rows[at] = { table.concat(item.names, ", "), item.id:sub(8, 19), format.size(item.size), format.size(item.shared), format.size(item.unique), item.containers }
    end
  end
  format.line("\n" .. row.type .. ":")
  format.table(header, rows)
end

return {
  summary = "Show the disk space that images, containers and volumes use",
  order = 1,
  about = "ACTIVE counts images of containers, running containers, and volumes of containers. The rest is\n"
    .. "RECLAIMABLE, by `image prune -a`, `prune` and `volume prune -a`. The size of images is that of\n"
    .. "the compressed and the unpacked layers; what several images share counts once in the sum.",
  options = {
    { "verbose", short = "v", type = "flag", help = "Show each image, container and volume" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  run = function(args)
    local kinds, rows = require "tiny.cli.disk_usage"(), {}
    if args.format == "json" then return format.json(kinds) end
    for i, row in ipairs(kinds) do rows[i] = cells(row) end
    format.table({ "TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE" }, rows)
    for _, row in ipairs(args.verbose and kinds or {}) do print_items(row) end
  end,
}
