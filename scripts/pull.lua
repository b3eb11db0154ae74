-- Fetches an image from a registry, or loads one from an archive or a directory.
return {
  summary = "Fetch an image",
  section = "Images",
  order = 155,
  about = "NAME is a name such as debian:12 or ghcr.io/owner/name:tag, or a place: oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE or\n"
    .. "dir:DIR. An image that is there already and has not changed is not fetched again.",
  options = {
    { "platform", value = "OS/ARCH", help = "Fetch the image for this platform [default: this machine's]" },
    { "quiet", short = "q", type = "flag", help = "Print only the name" },
    { "squash-ids", type = "flag", help = "Files of ids that you do not have become your own" },
  },
  args = { { "image", value = "IMAGE", complete = "images", help = "The image's name" } },
  run = function(args)
    local format, reference = require "tiny.format", require "tiny.images.reference"
    local image, changed = require("tiny.images.pull").pull(args.image, { platform = args.platform, quiet = args.quiet, squash_ids = args.squash_ids })
    local ref = tiny.try(reference.parse, image.name)
    if not args.quiet then
      format.line("Digest: " .. (image.index or image.manifest))
      local name = ref and reference.familiar(ref) or image.name
      format.line((changed and "Status: Downloaded newer image for %s" or "Status: Image is up to date for %s"):format(name))
    end
    format.line(image.name)
  end,
}
