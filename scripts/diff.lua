-- Shows what a container changed in its view of the host.
local format = require "tiny.format"
local state = require "tiny.state"

-- The overlay's upper folder tells: what is in it was added or changed, a 0/0 device is a removal.
local function walk(upper, below, path, rows)
  for _, name in ipairs(tiny.list_dir(upper .. path) or {}) do
    local here = path .. "/" .. name
    local changed = tiny.stat(upper .. here, { follow = false })
    local original = tiny.stat(below .. here, { follow = false })
    if changed.kind == "char" and changed.rdev == 0 then
      rows[#rows + 1] = { "D", below .. here }
    else
      rows[#rows + 1] = { original and "C" or "A", below .. here }
      if changed.kind == "dir" then walk(upper, below, here, rows) end
    end
  end
  return rows
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
    local rows = walk(container.dir .. "/upper", "", "", {})
    -- Without root each of the host's folders has an overlay of its own.
    for _, name in ipairs(tiny.list_dir(container.dir .. "/layers") or {}) do
      walk(("%s/layers/%s/upper"):format(container.dir, name), "/" .. name:gsub("@", "/"), "", rows)
    end
    if #rows > 0 then format.table(nil, rows) end
  end,
}
