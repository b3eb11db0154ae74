-- Gives an image another name.
local tag = require "tiny.cli.image_tag"

return {
  summary = "Give an image another name",
  section = "Images",
  order = 154,
  args = tag.args,
  run = tag.run,
}
