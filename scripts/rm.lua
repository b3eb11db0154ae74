-- Removes containers.
local each = require("tiny.cli.options").each

return {
  summary = "Remove containers",
  section = "Containers",
  order = 108,
  options = {
    { "force", short = "f", type = "flag", help = "Kill running containers (SIGKILL) before removing them, and discard changes in copy-on-write folders" },
    { "volumes", short = "v", type = "flag", help = "Also remove its anonymous volumes, unless another container uses them" },
  },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    return each(args.container, function(container, name)
      require("tiny.client.remove")(container, { force = args.force, volumes = args.volumes, changes = args.force })
      return name
    end, args.force)
  end,
}
