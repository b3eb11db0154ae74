-- Gives an image another name, like `tag`.
local tag = require "tiny.cli.image_tag"

return {
  summary = "Give an image another name",
  order = 5,
  args = tag.args,
  run = tag.run,
}
