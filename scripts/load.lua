-- Loads images from an archive.
return {
  summary = "Load images from an archive",
  section = "Images",
  order = 157,
  about = "The archive is one of docker, podman, skopeo or this program's `save`: docker's format or an OCI layout. Digests are checked.",
  options = {
    { "input", short = "i", value = "FILE", complete = "files", help = "The archive [default: standard input]" },
    { "platform", value = "OS/ARCH", help = "Of an image for several platforms, load this one [default: this machine's]" },
    { "quiet", short = "q", type = "flag", help = "Print no progress" },
    { "squash-ids", type = "flag", help = "Files of ids that you do not have become your own" },
  },
  run = function(args)
    local place = args.input or "standard input"
    if not args.input and tiny.isatty(0) then
      tiny.fail { message = "no archive is given, and standard input is a terminal", hint = "tinylua load -i FILE", exit = 2 }
    end
    local file <close> = args.input and tiny.open(args.input) or tiny.stdio(0)
    local format, reference = require "tiny.format", require "tiny.images.reference"
    for _, one in ipairs(require("tiny.images.archive").load(file, place, { quiet = args.quiet, platform = args.platform, squash_ids = args.squash_ids })) do
      for _, name in ipairs(one.names) do
        local ref = reference.parse(name)
        format.line(ref.registry == "" and "Loaded image ID: " .. one.image.config or "Loaded image: " .. reference.familiar(ref))
      end
    end
  end,
}
