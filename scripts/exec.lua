-- Runs a program in a running container.
local environment = require("tiny.spec.pairs").environment
local state = require "tiny.state"

return {
  summary = "Run a program in a running container",
  about = "Exit status: the program's own; 125 tinylua failed, 126 it cannot be executed, 127 it was not found;\n0 when it was left by the detach keys.",
  options = {
    { "env", short = "e", many = true, value = "K=V", help = "Set a variable; K alone takes the caller's value" },
    { "workdir", short = "w", value = "DIR", help = "The working directory inside" },
    { "user", short = "u", value = "USER[:GROUP]", help = "Run as this user of the container" },
    { "interactive", short = "i", type = "flag", help = "Pass standard input on" },
    { "tty", short = "t", type = "flag", help = "Give it a terminal of its own; TERM is xterm unless it is set" },
    { "detach", short = "d", type = "flag", help = "Do not wait for its end" },
    { "raw", type = "flag", help = "Show the output as it is: escape sequences steer your terminal, as they do with -t" },
    { "detach-keys", value = "KEYS", default = "ctrl-p,ctrl-q", help = "With -it: the keys that leave it running" },
  },
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Its name, or the beginning of its id" },
    { "command", trailing = true, value = "COMMAND", help = "What to run, and its arguments" },
  },
  seal = true,
  run = function(args)
    local status, err = tiny.try(require "tiny.client.exec", state.find(args.container), {
      command = args.command, env = environment(args.env), workdir = args.workdir, user = args.user, detach = args.detach,
      interactive = args.interactive, tty = args.tty and not args.detach, keys = args.detach_keys, raw = args.raw,
    })
    if err then
      if err.op == "exec" then err.exit = err.code == "ENOENT" and 127 or 126 end
      -- The container's place says more than ours.
      if err.at and err.at:find("^lua/") then err.at = args.container end
      error(err, 0)
    end
    return status
  end,
}
