-- The files that a container changed in its view of the host or of its image.
local format = require "tiny.format"

-- The parts of a layer that were skipped, by reason: the container may change the layer during the walk.
local REASONS = { ELOOP = "a directory became a link", ENOTDIR = "a directory was replaced", ENAMETOOLONG = "the path is too long" }
local skipped = {}

-- Reads from a layer that the container can write to, so no link is followed. Nil if the path no longer exists or was skipped.
local function look(f, layer, path)
  local found, err = tiny.try(f, path, { root = layer, nofollow = true })
  local reason = err and (REASONS[err.code] or error(err, 0))
  if not reason then return found end
  skipped[reason] = skipped[reason] or { first = path, more = -1 }
  skipped[reason].more = skipped[reason].more + 1
end

local function report_skipped()
  for reason, what in pairs(skipped) do
    format.note("skipped because %s: /%s%s", reason, format.clean(what.first), what.more > 0 and (" and %d more"):format(what.more) or "")
  end
end

-- Everything in the upper directory of the overlay was added or changed; a 0/0 device marks a removal. `below` is the path that the
-- layer covers.
local function walk(layer, below, path, rows)
  for _, name in ipairs(look(tiny.list_dir, layer, path) or {}) do
    local here = path == "." and name or path .. "/" .. name
    local changed, shown = look(tiny.stat, layer, here), below .. "/" .. here
    if changed and changed.kind == "char" and changed.rdev == 0 then
      table.insert(rows, { kind = "D", path = shown })
    elseif changed then
      table.insert(rows, { path = shown })
      if changed.kind == "dir" then walk(layer, below, here, rows) end
    end
  end
  return rows
end

local function changes(folder, below, rows)
  local layer <close> = tiny.open_root(folder)
  return walk(layer, below, ".", rows)
end

-- Tells what was added from what was changed: by the container's image, or by the host's files, which it shows.
local function classify(config, rows)
  local new, paths, had = {}, {}, {}
  for _, row in ipairs(rows) do
    if not row.kind then
      table.insert(new, row)
      table.insert(paths, row.path)
    end
  end
  if config.from_image and new[1] then had = require("tiny.images.compare").has({ ids = config.from_image.layers, name = config.image }, paths) end
  for at, row in ipairs(new) do
    local there = had[at]
    if there == nil then there = tiny.try(tiny.stat, row.path, { nofollow = true }) ~= nil end
    row.kind = there and "C" or "A"
  end
end

-- The changes of a container: a list of { kind = "A", "C" or "D" (added, changed, deleted), path }. Notes what was skipped.
return function(container)
  local rows = changes(container.dir .. "/upper", "", {})
  -- Without root, each directory of the host has its own overlay.
  for _, name in ipairs(tiny.list_dir(container.dir .. "/layers") or {}) do
    changes(("%s/layers/%s/upper"):format(container.dir, name), "/" .. name:gsub("@", "/"), rows)
  end
  classify(container.config, rows)
  report_skipped()
  return rows
end
