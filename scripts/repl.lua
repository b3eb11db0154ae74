-- repl: the interactive prompt. All primitives on `tiny` can be called; an error does not end the prompt.
local prompt = require "tiny.prompt.prompt"

return {
  summary = "Start an interactive Lua prompt",
  section = "Recipes and topologies",
  order = 307,
  about = "If standard input is not a terminal, it is read and run one chunk at a time until the first error.",
  options = {
    { "in", value = "CONTAINER", complete = "containers", help = "Define handles to this running container: container, process, cgroup, root, logs()" },
  },
  seal = true,
  run = function(args)
    prompt.start(args["in"])
  end,
}
