-- Shows the digests, layers and configuration of images.
local format = require "tiny.format"
local local_image = require "tiny.images.local_image"
local manifest = require "tiny.images.manifest"
local store = require "tiny.images.store"

local function whole(text)
  local image = local_image.find(text)
  local found, source = local_image.config(image)
  local names = {}
  for _, other in ipairs((store.refs {})) do
    if other.manifest == image.manifest then table.insert(names, local_image.familiar(other)) end
  end
  return {
    id = image.config, name = local_image.familiar(image), names = names, manifest = image.manifest, index = image.index, platform = image.platform,
    created = image.created, stored_at = image.stored_at, author = found.author, size = image.size, layers = image.layers,
    -- As it is in the image: keys that mean nothing here are shown too.
    config = manifest.decode(source, "the configuration").config, history = found.history, containers = local_image.users()[image.manifest],
  }
end

return {
  summary = "Show the digests, layers and configuration of images",
  order = 2,
  about = "--format takes a Lua expression over these keys, such as --format config.Env[1].",
  options = { { "format", short = "f", value = "EXPRESSION", help = "Print the value of this Lua expression instead of JSON" } },
  args = { { "image", many = true, value = "IMAGE", complete = "images", help = "Names, or the beginning of ids" } },
  run = function(args)
    local all, status, value_of = {}, 0, args.format and require "tiny.cli.expression"(args.format)
    for _, text in ipairs(args.image) do
      local image, err = tiny.try(whole, text)
      if err then
        status = 1
        format.error(err)
      elseif value_of then
        format.line(value_of(image))
      else
        table.insert(all, image)
      end
    end
    if not args.format then format.json(all) end
    return status
  end,
}
