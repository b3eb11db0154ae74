-- Shows the layers of images, and which images share them.
local format = require "tiny.format"
local usage = require "tiny.images.usage"

-- The names that fit on a line.
local MOST = 3

-- "a, b, c and 2 more".
local function several(names)
  local shown = table.concat(names, ", ", 1, math.min(#names, MOST))
  return #names > MOST and ("%s and %d more"):format(shown, #names - MOST) or shown
end

local function print_one(one)
  local total, shared, rows = 0, 0, {}
  for at, layer in ipairs(one.layers) do
    total, shared = total + (layer.bytes or 0), shared + (layer.shared_with[1] and layer.bytes or 0)
    rows[at] = {
      (at == #one.layers and "└ " or "├ ") .. layer.diff_id:sub(8, 19), format.size(layer.bytes),
      not layer.bytes and "missing" or layer.shared_with[1] and "shared with " .. several(layer.shared_with) or nil,
    }
  end
  format.line(("%s  id %s  %s%s"):format(
    format.colour("bold", format.clean(several(one.names))), one.id:sub(8, 19), format.size(total),
    shared > 0 and (", %s of it shared"):format(shared < total and format.size(shared) or "all") or ""))
  format.table(nil, rows)
end

return {
  summary = "Show the layers of images, and which images share them",
  order = 8,
  about = "The lowest layer comes first. The sizes are those of the unpacked files, as on the disk;\n"
    .. "`image ls` shows what is downloaded.",
  options = {
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  args = { { "images", value = "IMAGE", many = true, required = false, complete = "images", help = "Names or ids of images [default: all]" } },
  run = function(args)
    local all, damaged = usage.images()
    local chosen, shown, sharers = #args.images == 0 and all or {}, {}, usage.sharers(all)
    for at, text in ipairs(args.images) do
      local wanted = require("tiny.images.local_image").find(text)
      for _, image in ipairs(all) do
        if image.manifest == wanted.manifest then chosen[at] = image end
      end
    end
    for at, image in ipairs(chosen) do
      shown[at] = { id = image.config, names = image.names, layers = usage.layers(image, sharers) }
    end
    for _, one in ipairs(damaged) do format.note("%s", one.damage) end
    if args.format == "json" then return format.json(shown) end
    for at, one in ipairs(shown) do
      if at > 1 then format.line() end
      print_one(one)
    end
  end,
}
