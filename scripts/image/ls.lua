-- Lists images, like `images`.
local list = require "tiny.cli.image_list"

return {
  summary = "List images",
  order = 1,
  options = list.options,
  args = list.args,
  run = list.run,
}
