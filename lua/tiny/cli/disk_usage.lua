-- What `system df` counts: images, containers and volumes, each kind with its items.
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

local function images()
  local row = new_row "Images"
  if not require("tiny.images.store").exists() then return row end
  local disk = require("tiny.images.usage").disk()
  row.total, row.size, row.reclaimable = #disk.images, disk.size, disk.reclaimable
  for at, image in ipairs(disk.images) do
    row.active = row.active + (image.containers > 0 and 1 or 0)
    row.items[at] = {
      name = image.names[1], names = image.names, id = image.config, size = image.size, shared = image.shared, unique = image.unique,
      containers = image.containers, used = image.containers > 0,
    }
  end
  for _, one in ipairs(disk.damaged) do format.note("%s", one.damage) end
  return row
end

-- The kinds, in the order in which they are shown: { type, total, active, size, reclaimable, items = { { name, size, used }, … } }.
return function()
  local list = state.list()
  return { images(), containers(list), volumes(list) }
end
