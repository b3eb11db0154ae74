-- Creates a container that waits for `start`.
local front = require "tiny.oci.front"

return {
  summary = "Create a container, which waits for start",
  order = 1,
  seal = true,
  options = {
    { "bundle", short = "b", value = "DIR", help = "The bundle [default: the working directory]" },
    { "config", short = "f", value = "FILE", help = "Read the configuration from FILE instead of the bundle's config.json" },
    { "pid-file", value = "FILE", help = "Write the pid of the first process to FILE" },
    { "console-socket", value = "SOCKET", help = "Send the terminal to this socket" },
    { "preserve-fds", type = "integer", value = "N", help = "Pass N descriptors after standard error on to the program" },
    { "no-pivot", type = "flag", help = "Refused: pivot_root(2) is always used" },
    { "no-new-keyring", type = "flag", help = "Keep the session keyring of the caller" },
    { "strict", type = "flag", help = "Refuse fields that the specification does not have" },
  },
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    front.create(args.id, args)
  end,
}
