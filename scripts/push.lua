-- Sends an image to a registry.
return {
  summary = "Send an image to a registry",
  section = "Images",
  order = 156,
  about = "The name says where: registry.example/owner/name:tag. `tinylua tag` gives an image another name. The manifest and the layers\n"
    .. "are those that were pulled or built, so that the digest stays the same. `tinylua login` stores credentials.",
  options = {
    { "quiet", short = "q", type = "flag", help = "Print only the digest" },
  },
  args = { { "image", value = "IMAGE", complete = "images", help = "The image's name" } },
  run = function(args)
    local format, reference, store = require "tiny.format", require "tiny.images.reference", require "tiny.images.store"
    local ref = reference.parse(args.image)
    if ref.transport or ref.digest then
      tiny.fail { message = ("push: %s is not a name with a tag"):format(tiny.show(args.image)), hint = "such as registry.example/owner/name:tag", exit = 125 }
    end
    local _ <close> = store.lock "shared"
    local image = require("tiny.images.local_image").find(args.image)
    local digest, size = require("tiny.images.push").push(image, ref, { quiet = args.quiet })
    format.line(args.quiet and digest or ("%s: digest: %s size: %d"):format(ref.tag, digest, size))
  end,
}
