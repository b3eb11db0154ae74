-- Sends a signal to a container.
return {
  summary = "Send a signal to the first process of a container",
  order = 5,
  options = { { "all", short = "a", type = "flag", help = "Send it to all processes of the container" } },
  args = {
    { "id", value = "ID", help = "The container's id" },
    { "signal", value = "SIGNAL", required = false, type = "signal", help = "The signal, by name or number [default: SIGTERM]" },
  },
  run = function(args)
    require("tiny.oci.front").kill(args.id, args.signal or "SIGTERM", args.all)
  end,
}
