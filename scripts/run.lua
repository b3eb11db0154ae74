return {
  summary = "Run a recipe or a command in a new container",
  args = { { "command", trailing = true } },
  run = function(args)
    local recipe = tiny.load_recipe(args.command[1])
    return recipe(table.unpack(args.command, 2))
  end,
}
