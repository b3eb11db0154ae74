-- repl: the interactive prompt. All of `tiny` is at hand; an error leaves the prompt alive.
local prompt = require "tiny.prompt.prompt"

return {
  summary = "Try things at an interactive prompt",
  about = "Where standard input is no terminal it is run a chunk at a time; the first error ends it.",
  options = {
    { "in", value = "CONTAINER", complete = "containers", help = "With handles to a running container: container, process, cgroup, root, logs()" },
  },
  seal = true,
  run = function(args)
    prompt.start(args["in"])
  end,
}
