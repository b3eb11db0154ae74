-- Shows the steps that `run` would take for a recipe, without taking them.
local format = require "tiny.format"

return {
  summary = "Show the steps of a recipe without running it",
  section = "Recipes and topologies",
  order = 305,
  about = "Nothing on the machine changes: the recipe runs with a fake of every primitive that has effects, and the results of\n"
    .. "these are guesses. Exit status: 1 if the plan contradicts itself (a mount hidden by a later mount, a limit without its\n"
    .. "controller, a network option without a network), otherwise 0.",
  options = {
    { "all", short = "a", type = "flag", help = "Also show steps that create files and directories or move bytes" },
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "Output format: text or json" },
  },
  args = { { "recipe", trailing = true, value = "RECIPE.lua", help = "The recipe and its arguments" } },
  run = function(args)
    local found = require("tiny.dev.plan").of(args.recipe[1], table.move(args.recipe, 2, #args.recipe, 1, {}))
    if args.format == "json" then format.line(format.clean_json(tiny.json_encode(found, { pretty = true }))) else
      format.write(require("tiny.dev.plan").text(found, { all = args.all, colour = format.colour("bold", "") ~= "" }))
      format.flush()
    end
    if #found.contradictions == 0 then return 0 end
    tiny.fail { message = ("%s contradicts itself:\n  %s"):format(args.recipe[1], table.concat(found.contradictions, "\n  ")), exit = 1 }
  end,
}
