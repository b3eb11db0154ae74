-- `tag` and `image tag`: gives an image another name.
local local_image = require "tiny.images.local_image"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

local tag = {}

tag.args = {
  { "image", value = "IMAGE", complete = "images", help = "Name, or the beginning of an id" },
  { "name", value = "NAME[:TAG]", help = "The new name; another image that has it loses it" },
}

function tag.run(args)
  local ref = reference.parse(args.name)
  if ref.transport or ref.digest then
    tiny.fail { message = ("%s cannot be given to an image"):format(tiny.show(args.name)), hint = "a new name is NAME[:TAG]", exit = 125 }
  end
  local lock <close> = store.lock "shared"
  local image = local_image.find(args.image)
  image.stored_at = nil
  store.write_ref(reference.full(ref), image)
end

return tag
