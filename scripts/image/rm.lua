-- Removes images, like `rmi`.
local remove = require "tiny.cli.image_remove"

return {
  summary = "Remove images",
  order = 4,
  about = "A container keeps the files of its image; they are deleted with the last name and the last container.",
  options = remove.options,
  args = remove.args,
  run = remove.run,
}
