-- Shows the disk space that containers, volumes and images use.
local format = require "tiny.format"
local state = require "tiny.state"
local tree_size = require "tiny.base.tree_size"

-- Adds the size of a thing to the row of its kind.
local function add(row, name, size, used)
  row.total, row.size = row.total + 1, row.size + size
  row.active, row.reclaimable = row.active + (used and 1 or 0), row.reclaimable + (used and 0 or size)
  table.insert(row.items, { name = name, size = size, used = used })
end

local function new_row(kind) return { type = kind, total = 0, active = 0, size = 0, reclaimable = 0, items = {} } end

local function containers(list)
  local row, paths = new_row "Containers", {}
  for i, container in ipairs(list) do paths[i] = container.dir end
  local sizes = { tree_size(table.unpack(paths)) }
  for i, container in ipairs(list) do add(row, container.config.name, sizes[i] or 0, state.busy(container)) end
  return row
end

local function volumes(list)
  local store, row, paths = require "tiny.store.volumes", new_row "Local Volumes", {}
  local all, used = store.list(), (store.users(list))
  for i, volume in ipairs(all) do paths[i] = volume.path end
  local sizes = { tree_size(table.unpack(paths)) }
  for i, volume in ipairs(all) do add(row, volume.name, sizes[i] or 0, used[volume.name] ~= nil) end
  return row
end

local function cells(row)
  local share = row.size > 0 and row.reclaimable * 100 // row.size or 0
  return { row.type, row.total, row.active, format.size(row.size), ("%s (%d%%)"):format(format.size(row.reclaimable), share) }
end

return {
  summary = "Show the disk space that containers and volumes use",
  order = 1,
  about = "ACTIVE counts running containers, and volumes that a container uses. The rest is RECLAIMABLE, by `prune` and\n"
    .. "`volume prune`.",
  options = {
    { "verbose", short = "v", type = "flag", help = "Show each container and volume" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  run = function(args)
    local list, rows = state.list(), {}
    local kinds = { containers(list), volumes(list) }
    if args.format == "json" then return format.json(kinds) end
    for i, row in ipairs(kinds) do rows[i] = cells(row) end
    format.table({ "TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE" }, rows)
    for _, row in ipairs(args.verbose and kinds or {}) do
      local items = {}
      for i, item in ipairs(row.items) do items[i] = { item.name, format.size(item.size), item.used and "yes" or "no" } end
      format.line("\n" .. row.type .. ":")
      format.table({ "NAME", "SIZE", "ACTIVE" }, items)
    end
  end,
}
