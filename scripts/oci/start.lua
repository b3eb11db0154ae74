-- Starts a created container.
return {
  summary = "Start the program of a created container",
  order = 3,
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    require("tiny.oci.front").start(args.id)
  end,
}
