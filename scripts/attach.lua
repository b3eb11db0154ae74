-- Comes back to a running container.
local state = require "tiny.state"

return {
  summary = "Come back to the terminal of a running container, or follow its output",
  about = "Exit status: the container's own, or 0 when it was left by the detach keys. A container without -t\n"
    .. "shows what it writes from now on; Ctrl-C leaves it.",
  options = {
    { "detach-keys", value = "KEYS", default = "ctrl-p,ctrl-q", help = "The keys that leave it running" },
  },
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Its name, or the beginning of its id" } },
  run = function(args)
    return require("tiny.attach").to(state.find(args.container), { keys = args.detach_keys })
  end,
}
