-- Runs a program in a running container.
local pairs_of = require "tiny.spec.pairs"
local state = require "tiny.state"

return {
  summary = "Run a program in a running container",
  section = "Containers",
  order = 104,
  about = "Exit status: that of the program; 125 if tinylua failed, 126 if the program cannot be executed, 127 if it was not\nfound; 0 after the detach keys.",
  options = {
    { "env", short = "e", many = true, value = "K=V", help = "Set an environment variable; K alone copies the caller's value" },
    { "env-file", many = true, value = "FILE", help = "Read environment variables from a file, K=V or K on a line; # begins a comment" },
    { "privileged", type = "flag", help = "Give the program all capabilities that the caller has" },
    { "workdir", short = "w", value = "DIR", help = "Working directory in the container" },
    { "user", short = "u", value = "USER[:GROUP]", help = "Run as this user and group" },
    { "interactive", short = "i", type = "flag", help = "Pass standard input to the program" },
    { "tty", short = "t", type = "flag", help = "Allocate a pseudo-terminal; TERM is xterm unless set with -e" },
    { "detach", short = "d", type = "flag", help = "Run in the background" },
    { "raw", type = "flag", help = "Print the output unmodified, escape sequences included" },
    { "detach-keys", value = "KEYS", default = "ctrl-p,ctrl-q", help = "With -it: key sequence that detaches and leaves the program running" },
  },
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
    { "command", trailing = true, value = "COMMAND", help = "The program and its arguments" },
  },
  seal = true,
  run = function(args)
    local env = pairs_of.environment_files(args.env_file)
    for key, value in pairs(pairs_of.environment(args.env)) do env[key] = value end
    local status, err = tiny.try(require "tiny.client.exec", state.find(args.container), {
      command = args.command, env = env, privileged = args.privileged, workdir = args.workdir, user = args.user, detach = args.detach,
      interactive = args.interactive, tty = args.tty and not args.detach, keys = args.detach_keys, raw = args.raw,
    })
    if err then
      if err.op == "exec" then err.exit = err.code == "ENOENT" and 127 or 126 end
      -- The container's name is more useful than a line of the shipped Lua.
      if err.at and err.at:find("^lua/") then err.at = args.container end
      error(err, 0)
    end
    return status
  end,
}
