-- Shows how an image was made: the steps of its build, and the layer of each.
local format = require "tiny.format"
local local_image = require "tiny.images.local_image"

-- The steps, the newest first, with the layers that they made.
local function steps(image)
  local list = {}
  for _, step in ipairs(local_image.history(local_image.config(image), #image.layers)) do
    local layer = image.layers[step.layer]
    step.layer, step.size = layer and layer.diff_id, layer and layer.size or 0
    table.insert(list, 1, step)
  end
  return list
end

return {
  summary = "Show how an image was made",
  order = 3,
  options = {
    { "quiet", short = "q", type = "flag", help = "Print only the layers" },
    { "no-trunc", type = "flag", help = "Do not shorten commands and digests" },
    { "human", short = "H", type = "flag", help = "For scripts written for docker: sizes and times are readable" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  args = { { "image", value = "IMAGE", complete = "images", help = "Name, or the beginning of an id" } },
  run = function(args)
    local list, rows, now = steps(local_image.find(args.image)), {}, tiny.clock()
    if args.format == "json" then return format.json(list) end
    for at, one in ipairs(list) do
      local layer = one.layer and (args.no_trunc and one.layer or one.layer:sub(8, 19)) or "<none>"
      if args.quiet then format.line(layer) end
      rows[at] = { layer, format.ago(one.created, now), format.command({ one.created_by }, args.no_trunc), format.size(one.size, true), one.comment }
    end
    if not args.quiet then format.table({ "LAYER", "CREATED", "CREATED BY", "SIZE", "COMMENT" }, rows, args.no_trunc and nil or 3) end
  end,
}
