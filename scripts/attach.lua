-- Attaches to a running container.
local state = require "tiny.state"

return {
  summary = "Attach to a running container",
  section = "Containers",
  order = 110,
  about = "Exit status: that of the container, or 0 after the detach keys. With a container that runs with -t, you get its\n"
    .. "terminal. Otherwise its output is shown from now on, and Ctrl-C detaches. A container that was started with -d -i\n"
    .. "receives your input; end of file is not passed on, because other clients may attach.",
  options = {
    { "detach-keys", value = "KEYS", default = "ctrl-p,ctrl-q", help = "Key sequence that detaches and leaves the container running" },
    { "sig-proxy", choices = { "true", "false" }, default = "true", value = "true|false",
      help = "With a terminal: pass signals that this command receives to the container" },
    { "raw", type = "flag", help = "For a container without a terminal: print its output unmodified, escape sequences included" },
    { "no-stdin", type = "flag", help = "Do not send standard input to the container" },
  },
  args = { { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" } },
  run = function(args)
    return require("tiny.client.attach").to(state.find(args.container), { keys = args.detach_keys, no_stdin = args.no_stdin, proxy = args.sig_proxy == "true", raw = args.raw })
  end,
}
