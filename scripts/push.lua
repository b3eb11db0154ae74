-- Sends an image to a registry.

-- The image, or with -a all images of the repository, each with its name: { image, ref }.
local function chosen(args)
  local reference, store = require "tiny.images.reference", require "tiny.images.store"
  local ref = reference.parse(args.image)
  if ref.transport or ref.digest then
    tiny.fail { message = ("push: %s is not a name with a tag"):format(tiny.show(args.image)), hint = "such as registry.example/owner/name:tag", exit = 125 }
  end
  if not args.all_tags then return { { image = require("tiny.images.local_image").find(args.image), ref = ref } } end
  if args.image:find(":[^/]*$") then
    tiny.fail { message = ("push: %s has a tag, and --all-tags pushes all of them"):format(tiny.show(args.image)), hint = "leave out one of the two", exit = 2 }
  end
  local list, repository = {}, ref.registry .. "/" .. ref.repository
  for _, image in ipairs((store.refs())) do
    local own = reference.repository(image.name) == repository and reference.parse(image.name)
    if own and own.tag then table.insert(list, { image = image, ref = own }) end
  end
  return list[1] and list or tiny.fail { message = ("no such image: %s"):format(tiny.show(args.image)), hint = "`tinylua images` lists them", exit = 125 }
end

return {
  summary = "Send an image to a registry",
  section = "Images",
  order = 156,
  about = "The name says where: registry.example/owner/name:tag. `tinylua tag` gives an image another\n"
    .. "name. The manifest and the layers are those that were pulled or built, so that the digest\n"
    .. "stays the same. `tinylua login` stores credentials.",
  options = {
    { "all-tags", short = "a", type = "flag", help = "Push all tags of the repository that this machine has" },
    { "quiet", short = "q", type = "flag", help = "Print only the digest" },
  },
  args = { { "image", value = "IMAGE", complete = "images", help = "The image's name" } },
  run = function(args)
    local format, push = require "tiny.format", require "tiny.images.push"
    local _ <close> = require("tiny.images.store").lock "shared"
    local source
    for _, one in ipairs(chosen(args)) do
      local digest, size
      digest, size, source = push.push(one.image, one.ref, { quiet = args.quiet, source = source })
      format.line(args.quiet and digest or ("%s: digest: %s size: %d"):format(one.ref.tag, digest, size))
    end
  end,
}
