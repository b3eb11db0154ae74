-- Runs a recipe, or a command in a new container.
local commandline = require "tiny.cli.commandline"

-- The options of `create`, and those that only `run` has.
local function options()
  local list = commandline.options()
  table.insert(list, { "raw", type = "flag", help = "Print the output unmodified, escape sequences included" })
  table.insert(list, { "step", type = "flag", help = "Stop and ask before each primitive; break_before in the recipe sets the first stop" })
  return list
end

return {
  summary = "Run a recipe, or a command in a new container",
  section = "Containers",
  order = 101,
  about = "If the first word ends in .lua, it is a recipe: a file, or a shipped recipe such as hello.lua.\n"
    .. "Exit status: that of the container; 125 if tinylua failed, 126 if the command cannot be executed, 127 if it was not\n"
    .. "found, 130 if you aborted at --step.",
  options = options,
  args = commandline.args,
  elsewhere = commandline.elsewhere,
  seal = true,
  run = function(args)
    local step = rawget(args, "step") and require "tiny.dev.step"
    if step and (args.detach or args.tty) then
      tiny.fail { message = "--step cannot be used with -d or -t, because it asks at the terminal", exit = 2 }
    end
    if step then step.start((args.command[1] or ""):match("^.*%.lua$")) end
    local spec, how = commandline.spec(args)
    if not spec then return how end
    if step then step.watch(spec) end
    return require("tiny.client.run").run(spec, how)
  end,
}
