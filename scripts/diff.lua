-- Shows the files that a container changed in its view of the host.
local format = require "tiny.format"
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

-- Everything in the upper directory of the overlay was added or changed; a 0/0 device marks a removal. `below` is the
-- path on the host that the layer covers.
local function walk(layer, below, path, rows)
  for _, name in ipairs(look(tiny.list_dir, layer, path) or {}) do
    local here = path == "." and name or path .. "/" .. name
    local changed, shown = look(tiny.stat, layer, here), below .. "/" .. here
    if changed and changed.kind == "char" and changed.rdev == 0 then
      rows[#rows + 1] = { "D", shown }
    elseif changed then
      rows[#rows + 1] = { tiny.try(tiny.stat, shown, { nofollow = true }) and "C" or "A", shown }
      if changed.kind == "dir" then walk(layer, below, here, rows) end
    end
  end
  return rows
end

local function changes(folder, below, rows)
  local layer <close> = tiny.open_root(folder)
  return walk(layer, below, ".", rows)
end

return {
  summary = "Show the files that a container changed",
  section = "Containers",
  order = 117,
  about = "A is added, C changed, D deleted. A container with --rootfs changes its rootfs directly, so there is nothing to list.",
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" } },
  run = function(args)
    local container = state.find(args.container)
    if not tiny.stat(container.dir .. "/upper") then
      tiny.fail { message = container.config.name .. " has its own rootfs", hint = "its changes are in " .. tostring(container.config.rootfs) }
    end
    local rows = changes(container.dir .. "/upper", "", {})
    -- Without root, each directory of the host has its own overlay.
    for _, name in ipairs(tiny.list_dir(container.dir .. "/layers") or {}) do
      changes(("%s/layers/%s/upper"):format(container.dir, name), "/" .. name:gsub("@", "/"), rows)
    end
    if #rows > 0 then format.table(nil, rows) end
    report_skipped()
  end,
}
