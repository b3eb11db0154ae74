-- Shows the files that a container changed, compared with the host's or its image's.
local format = require "tiny.format"
local rootless = require "tiny.base.rootless"
local state = require "tiny.state"

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

local function show(container)
  local rows = {}
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
  if #rows > 0 then format.table(nil, rows) end
  report_skipped()
end

return {
  summary = "Show the files that a container changed",
  section = "Containers",
  order = 117,
  about = "A is added, C changed, D deleted. A container with --rootfs changes its rootfs directly, so there is nothing to list.",
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" } },
  run = function(args)
    local container = state.find(args.container)
    local config = container.config
    -- The record says "host" or "image" for the others.
    if not config.from_image and config.rootfs and config.rootfs ~= "host" then
      tiny.fail { message = config.name .. " has its own rootfs", hint = "its changes are in " .. config.rootfs }
    end
    -- It has not started.
    if not tiny.stat(container.dir .. "/upper") then return end
    -- Files of the container's users belong to other ids.
    if config.from_image or rootless.is() then rootless.apart(function() show(container) end) else show(container) end
  end,
}
