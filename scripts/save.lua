-- Writes images as an archive.
return {
  summary = "Save images as an archive",
  section = "Images",
  order = 158,
  about = "The archive is an OCI layout that also has docker's manifest.json: docker, podman, skopeo and containerd load it. It has the\n"
    .. "blobs as they were pulled, so that the digests stay the same.",
  options = {
    { "output", short = "o", value = "FILE", complete = "files", help = "The archive [default: standard output]" },
  },
  args = { { "images", value = "IMAGE", many = true, complete = "images", help = "Names or ids of images" } },
  run = function(args)
    if not args.output and tiny.isatty(1) then
      tiny.fail { message = "an archive is not written to a terminal", hint = "use -o FILE, or redirect the output", exit = 2 }
    end
    local store, local_image = require "tiny.images.store", require "tiny.images.local_image"
    local _ <close> = store.lock "shared"
    local images = {}
    for i, name in ipairs(args.images) do images[i] = local_image.find(name) end
    local archive = require "tiny.images.archive"
    if not args.output then
      local out <close> = tiny.stdio(1)
      return archive.save(images, out)
    end
    require "tiny.base.whole_file"(args.output, function(out) archive.save(images, out) end)
  end,
}
