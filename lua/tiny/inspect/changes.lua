-- The files that a container changed, compared with those that it was started from.
local rootless = require "tiny.base.rootless"

-- The parts of a layer that were skipped, by reason: the container may change the layer during the walk.
local REASONS = { ELOOP = "a directory became a link", ENOTDIR = "a directory was replaced", ENAMETOOLONG = "the path is too long" }
local skipped

-- Reads from a layer that the container can write to, so no link is followed. Nil if the path no longer exists or was skipped.
local function look(f, layer, path)
  local found, err = tiny.try(f, path, { root = layer, nofollow = true })
  local reason = err and (REASONS[err.code] or error(err, 0))
  if not reason then return found end
  skipped[reason] = skipped[reason] or { first = path, more = -1 }
  skipped[reason].more = skipped[reason].more + 1
end

-- Everything in the upper directory of the overlay was added or changed; a 0/0 device marks a removal. `below` is the path that the
-- layer covers, `was` tells whether a path existed before the container changed it.
local function walk(layer, below, path, was, rows)
  for _, name in ipairs(look(tiny.list_dir, layer, path) or {}) do
    local here = path == "." and name or path .. "/" .. name
    local changed, shown = look(tiny.stat, layer, here), below .. "/" .. here
    if changed and changed.kind == "char" and changed.rdev == 0 then
      rows[#rows + 1] = { "D", shown }
    elseif changed then
      rows[#rows + 1] = { was(shown) and "C" or "A", shown }
      if changed.kind == "dir" then walk(layer, below, here, was, rows) end
    end
  end
  return rows
end

-- What the container was started from: the host's files, or the layers of its image.
local function origin(config)
  local from = config.from_image
  if not from then return function(path) return tiny.try(tiny.stat, path, { nofollow = true }) ~= nil end end
  if #from.layers == 0 then return function() return false end end
  -- Seen only by this process, which needs nothing of that folder.
  local place = require("tiny.images.store").path "trash"
  require("tiny.images.layers").mount(place, from.layers, config.image, { userxattr = rootless.is() or nil })
  local root = tiny.open_root(place):keep()
  return function(path) return tiny.try(tiny.stat, path, { root = root, nofollow = true }) ~= nil end
end

-- The rows of a container's changes, { letter, path }, and the parts that were skipped: by reason, the first path and how many more.
local function rows_of(container)
  local rows = {}
  skipped = {}
  -- Without root, each directory of the host has its own overlay.
  local covered = { { container.dir .. "/upper", "" } }
  for _, name in ipairs(tiny.list_dir(container.dir .. "/layers") or {}) do
    table.insert(covered, { ("%s/layers/%s/upper"):format(container.dir, name), "/" .. name:gsub("@", "/") })
  end
  for at, one in ipairs(covered) do covered[at] = { tiny.open_root(one[1]), one[2] } end
  local was = origin(container.config)
  for _, one in ipairs(covered) do
    local layer <close> = one[1]
    walk(layer, one[2], ".", was, rows)
  end
  return rows, skipped
end

return rows_of
