-- Comes back to a running container.
local state = require "tiny.state"

return {
  summary = "Come back to the terminal of a running container, or follow its output",
  about = "Exit status: the container's own, or 0 when it was left by the detach keys. A container without -t\n"
    .. "shows what it writes from now on; Ctrl-C leaves it. One that runs in the background with -i reads what you\n"
    .. "type; the end of your input is not passed on, since others may attach.",
  options = {
    { "detach-keys", value = "KEYS", default = "ctrl-p,ctrl-q", help = "The keys that leave it running" },
    { "sig-proxy", choices = { "true", "false" }, default = "true", value = "true|false",
      help = "With a terminal: pass signals that this command gets on to the container" },
    { "raw", type = "flag", help = "Without a terminal of its own: show the output as it is" },
    { "no-stdin", type = "flag", help = "Look on only: pass nothing on" },
  },
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Its name, or the beginning of its id" } },
  run = function(args)
    return require("tiny.client.attach").to(state.find(args.container), { keys = args.detach_keys, no_stdin = args.no_stdin, proxy = args.sig_proxy == "true", raw = args.raw })
  end,
}
