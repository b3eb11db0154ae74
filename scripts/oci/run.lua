-- Creates a container, starts it, and waits for its end.
return {
  summary = "Create and start a container",
  order = 2,
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
    { "detach", short = "d", type = "flag", help = "Do not wait for its end" },
    { "keep", type = "flag", help = "Keep the state of the container after its end" },
  },
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    return require("tiny.oci.run").run(args)
  end,
}
