-- Makes an image of an archive.
return {
  summary = "Make an image from an archive of a root file system",
  section = "Images",
  order = 161,
  about = "The archive is a tar file, plain or compressed with gzip or zstd, such as one of `export`. The id of the image is printed.",
  options = {
    { "change", short = "c", many = true, value = "INSTRUCTION", help = "Set the configuration: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR" },
    { "message", short = "m", value = "TEXT", help = "A comment for the history" },
    { "platform", value = "OS/ARCH", help = "The platform of its programs [default: this machine's]" },
    { "squash-ids", type = "flag", help = "Files of ids that you do not have become your own" },
  },
  args = {
    { "file", value = "FILE", complete = "files", help = "The archive, or - for standard input" },
    { "image", value = "NAME[:TAG]", required = false, help = "The name of the image [default: none]" },
  },
  run = function(args)
    local build, store = require "tiny.images.build", require "tiny.images.store"
    local name = build.name(args.image)
    if args.file:find "^https?://" then
      tiny.fail { message = "import: URLs are not fetched", hint = ("curl %s | tinylua import - NAME"):format(args.file), exit = 125 }
    end
    local file <close> = args.file == "-" and tiny.stdio(0) or tiny.open(args.file)
    store.prepare()
    local _ <close> = store.lock "shared"
    local image = build.import(file, { name = name, message = args.message, change = args.change, platform = args.platform, squash_ids = args.squash_ids })
    require("tiny.format").line(image.config)
  end,
}
