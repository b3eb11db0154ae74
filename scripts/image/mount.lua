-- Mounts images for people and scripts.
local format = require "tiny.format"
local mounts = require "tiny.images.mounts"

local function shown(records, args)
  local rows = {}
  for at, record in ipairs(records) do
    local one = { id = record.config, name = record.name, path = record.target, count = record.count }
    rows[at] = args.format == "json" and one or { record.name, record.target }
  end
  if args.format == "json" then return format.json(rows) end
  if rows[1] then format.table(nil, rows) end
end

return {
  summary = "Mount images read-only, or list those that are mounted",
  order = 9,
  about = "Prints the path of each. An image is unmounted by as many `image umount`. A user without\n"
    .. "privileges has no rights to mount: it first enters a user namespace with its subordinate ids,\n"
    .. "as with podman unshare:\n\n"
    .. "  unshare --user --map-root-user --map-auto --mount\n\n"
    .. "The mount exists in there, and ends with it.",
  options = {
    { "all", short = "a", type = "flag", help = "Mount all images" },
    { "format", choices = { "table", "json" }, default = "table", value = "FORMAT", help = "Output format: table or json" },
  },
  args = { { "images", value = "IMAGE", many = true, required = false, complete = "images", help = "Names or ids of images [default: list what is mounted]" } },
  run = function(args)
    local store = require "tiny.images.store"
    if not args.all and #args.images == 0 then return shown(store.exists() and mounts.list() or {}, args) end
    if args.all and #args.images > 0 then tiny.fail { message = "image mount: --all and names of images", hint = "leave out one of the two", exit = 2 } end
    local local_image = require "tiny.images.local_image"
    local _ <close> = store.lock "shared"
    local images, made = {}, {}
    if args.all then images = require("tiny.images.usage").images() end
    for at, text in ipairs(args.images) do images[at] = local_image.find(text) end
    for at, image in ipairs(images) do
      local name = image.names and image.names[1] or local_image.familiar(image)
      local path = mounts.mount(image, name)
      if args.format == "table" and not args.all then format.line(path) end
      made[at] = image.manifest
    end
    if args.format == "table" and not args.all then return end
    local records = {}
    for _, record in ipairs(mounts.list()) do
      for _, manifest in ipairs(made) do
        if record.manifest == manifest then table.insert(records, record) break end
      end
    end
    shown(records, args)
  end,
}
