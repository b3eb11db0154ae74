-- Shows the files that differ between two images.
return {
  summary = "Show the files that differ between two images, or that a layer changed",
  order = 11,
  about = "A is added, C changed, D deleted. With one name, what its topmost layer changed is shown. A\n"
    .. "name may also be the id of a layer, as in `image tree`: then it means the image up to this\n"
    .. "layer. A file is changed if its content, owner, mode, capabilities, kind or link target\n"
    .. "differs. Times do not count, since each build has others.",
  options = { require("tiny.cli.changes").format },
  args = {
    { "image", value = "IMAGE|LAYER", complete = "images", help = "Name or id of an image, or id of a layer" },
    { "other", value = "IMAGE|LAYER", required = false, complete = "images", help = "What it is compared with [default: the layers below its topmost one]" },
  },
  run = function(args)
    local compare, store = require "tiny.images.compare", require "tiny.images.store"
    local _ <close> = store.lock "shared"
    local first, second = compare.stack(args.image), args.other and compare.stack(args.other)
    local from, to = second and first or compare.below(first), second or first
    require("tiny.cli.changes").print(compare.stacks(from, to), args.format)
  end,
}
