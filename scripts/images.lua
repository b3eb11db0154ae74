-- Lists images.
local list = require "tiny.cli.image_list"

return {
  summary = "List images",
  section = "Images",
  order = 151,
  options = list.options,
  args = list.args,
  run = list.run,
}
