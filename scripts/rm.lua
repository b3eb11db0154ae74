-- Removes containers.
local each = require("tiny.cli.options").each

return {
  summary = "Remove containers",
  options = { { "force", short = "f", type = "flag", help = "End a running one with SIGKILL first" } },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names, or beginnings of ids" } },
  run = function(args)
    return each(args.container, function(container, name)
      require("tiny.client.remove")(container, args.force)
      return name
    end, args.force)
  end,
}
