-- Starts containers that are not running.
local each = require("tiny.cli.options").each
local run = require "tiny.client.run"

return {
  summary = "Start created or stopped containers",
  section = "Containers",
  order = 106,
  about = "With -a, the exit status is that of the container.",
  options = {
    { "attach", short = "a", type = "flag", help = "Show the output of the container, and pass signals on to it" },
    { "interactive", short = "i", type = "flag", help = "With -a: pass standard input on, if the container was created with -i" },
    { "detach-keys", value = "KEYS", default = "ctrl-p,ctrl-q", help = "With -a and a terminal: the keys that detach from it" },
  },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  seal = true,
  run = function(args)
    if args.attach or args.interactive then
      if args.container[2] then tiny.fail { message = "only one container can be attached", exit = 2 } end
      return require("tiny.client.start_attached")(args.container[1], args)
    end
    return each(args.container, function(container, name)
      run.start(container)
      return name
    end)
  end,
}
