-- Prints the usage of a container, or its events as they happen.
return {
  summary = "Print the resource usage of a container",
  order = 13,
  options = {
    { "stats", type = "flag", help = "Print the usage once" },
    { "interval", type = "duration", default = "5s", value = "DURATION", help = "Time between two prints [default: 5s]" },
  },
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    require("tiny.oci.show").events(args.id, args.stats, args.interval)
  end,
}
