-- Runs a recipe, or a command in a new container.
local commandline = require "tiny.cli.commandline"

-- Those of `create`, and what only a run can do.
local function options()
  local list = commandline.options()
  table.insert(list, { "raw", type = "flag", help = "Show the output as it is: escape sequences steer your terminal, as they do with -t" })
  table.insert(list, { "step", type = "flag", help = "Ask before each primitive at the terminal; break_before in the recipe names where to stop first" })
  return list
end

return {
  summary = "Run a recipe, or a command in a new container",
  about = "A first word that ends in .lua is a recipe: a file, or a shipped one such as hello.lua.\n"
    .. "Exit status: the container's own; 125 tinylua failed, 126 the command cannot be executed, 127 it was not found, 130 aborted at --step.",
  options = options,
  args = commandline.args,
  elsewhere = commandline.elsewhere,
  seal = true,
  run = function(args)
    local step = rawget(args, "step") and require "tiny.dev.step"
    if step and (args.detach or args.tty) then
      tiny.fail { message = "--step goes with neither -d nor -t: it asks at the terminal", exit = 2 }
    end
    if step then step.start((args.command[1] or ""):match("^.*%.lua$")) end
    local spec, how = commandline.spec(args)
    if not spec then return how end
    if step then step.watch(spec) end
    return require("tiny.client.run").run(spec, how)
  end,
}
