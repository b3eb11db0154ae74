-- Removes containers.
local each = require("tiny.cli.options").each

return {
  summary = "Remove containers",
  section = "Containers",
  order = 108,
  options = {
    { "force", short = "f", type = "flag", help = "Kill running containers (SIGKILL) before removing them" },
    { "volumes", short = "v", type = "flag", help = "For scripts written for docker: there are no anonymous volumes to remove" },
  },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    return each(args.container, function(container, name)
      require("tiny.client.remove")(container, args.force)
      return name
    end, args.force)
  end,
}
