-- Runs a recipe, or a command in a new container.
local commandline = require "tiny.commandline"

return {
  summary = "Run a recipe, or a command in a new container",
  about = "A first word that ends in .lua is a recipe: a file, or a shipped one such as hello.lua.\n"
    .. "Exit status: the container's own; 125 tinylua failed, 126 the command cannot be executed, 127 it was not found.",
  options = commandline.options,
  args = commandline.args,
  run = function(args)
    local spec, options = commandline.spec(args)
    if not spec then return options end
    return require("tiny.manage").run(spec, options)
  end,
}
