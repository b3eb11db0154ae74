-- Shows what a container changed in its view of the host.
local format = require "tiny.format"
local state = require "tiny.state"

-- Why a part of a layer is left out, and which: the container may change it meanwhile.
local REASONS = { ELOOP = "a folder became a link", ENOTDIR = "a folder was replaced", ENAMETOOLONG = "the path is too long" }
local left_out = {}

-- Looks into a layer, which the container writes to: no link is followed. Nil for what is gone or left out.
local function look(f, layer, path)
  local found, err = tiny.try(f, path, { root = layer, nofollow = true })
  local reason = err and (REASONS[err.code] or error(err, 0))
  if not reason then return found end
  left_out[reason] = left_out[reason] or { first = path, more = -1 }
  left_out[reason].more = left_out[reason].more + 1
end

local function tell_left_out()
  for reason, what in pairs(left_out) do
    format.note("left out, since %s: /%s%s", reason, format.clean(what.first), what.more > 0 and (" and %d more"):format(what.more) or "")
  end
end

-- The overlay's upper folder tells: what is in it was added or changed, a 0/0 device is a removal. `below` is where on
-- the host the layer lies.
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
  about = "A added, C changed, D removed. A container with --rootfs changes that folder itself.",
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Its name, or the beginning of its id" } },
  run = function(args)
    local container = state.find(args.container)
    if not tiny.stat(container.dir .. "/upper") then
      tiny.fail { message = container.config.name .. " has a rootfs of its own", hint = "its changes are in " .. tostring(container.config.rootfs) }
    end
    local rows = changes(container.dir .. "/upper", "", {})
    -- Without root each of the host's folders has an overlay of its own.
    for _, name in ipairs(tiny.list_dir(container.dir .. "/layers") or {}) do
      changes(("%s/layers/%s/upper"):format(container.dir, name), "/" .. name:gsub("@", "/"), rows)
    end
    if #rows > 0 then format.table(nil, rows) end
    tell_left_out()
  end,
}
