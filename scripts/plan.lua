-- Shows what `run` would do with a recipe, without doing any of it.
local format = require "tiny.format"

return {
  summary = "Show the steps of a recipe without taking them",
  about = "Nothing is made on the machine: the recipe runs with stand-ins for every primitive that acts. What they would have\n"
    .. "answered is guessed. A plan that contradicts itself (a mount that a later one hides, a limit without its controller, an\n"
    .. "option of a network where there is none) is refused: exit status 1.",
  options = {
    { "all", short = "a", type = "flag", help = "Also what makes folders and files and moves bytes" },
    { "format", choices = { "text", "json" }, default = "text", value = "FORMAT", help = "text or json" },
  },
  args = { { "recipe", trailing = true, value = "RECIPE.lua", help = "The recipe, and its arguments" } },
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
