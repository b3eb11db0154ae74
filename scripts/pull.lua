-- Fetches an image from a registry, or loads one from an archive or a directory.

-- The image's name, or with -a those of all images of the repository.
local function chosen(args)
  if not args.all_tags then return { args.image } end
  local reference, registries, registry = require "tiny.images.reference", require "tiny.images.registries", require "tiny.images.registry"
  local ref = reference.parse(args.image)
  if ref.transport or ref.digest or args.image:find(":[^/]*$") then
    tiny.fail { message = ("pull: %s names one image, and --all-tags pulls those of a repository"):format(tiny.show(args.image)), hint = "leave out one of the two", exit = 2 }
  end
  ref = registries.resolve(ref)
  local tags, names = registry.first(registries.sources(ref), function(source) return registry.tags(source) end), {}
  table.sort(tags)
  for i, tag in ipairs(tags) do names[i] = ("%s/%s:%s"):format(ref.registry, ref.repository, tag) end
  return names[1] and names or tiny.fail { message = ("%s/%s has no tags"):format(ref.registry, ref.repository), exit = 125 }
end

return {
  summary = "Fetch an image",
  section = "Images",
  order = 155,
  about = "IMAGE is a name such as debian:12 or ghcr.io/owner/name:tag, or a place: oci:DIR[:TAG],\n"
    .. "oci-archive:FILE, docker-archive:FILE or dir:DIR. An image that is there already and has not\n"
    .. "changed is not fetched again.",
  options = {
    { "all-tags", short = "a", type = "flag", help = "Fetch all tags of the repository" },
    { "platform", value = "OS/ARCH", help = "Fetch the image for this platform [default: this machine's]" },
    { "quiet", short = "q", type = "flag", help = "Print only the name" },
    { "squash-ids", type = "flag", help = "Files of ids that you do not have become your own" },
  },
  args = { { "image", value = "IMAGE", complete = "images", help = "The image's name" } },
  run = function(args)
    local format, reference, pull = require "tiny.format", require "tiny.images.reference", require "tiny.images.pull"
    for _, name in ipairs(chosen(args)) do
      local image, changed = pull.pull(name, { platform = args.platform, quiet = args.quiet, squash_ids = args.squash_ids })
      local ref = tiny.try(reference.parse, image.name)
      if not args.quiet then
        format.line("Digest: " .. (image.index or image.manifest))
        format.line((changed and "Status: Downloaded newer image for %s" or "Status: Image is up to date for %s"):format(ref and reference.familiar(ref) or image.name))
      end
      format.line(image.name)
    end
  end,
}
