-- Freeze all processes of a container.
return {
  summary = "Freeze all processes of a container",
  order = 7,
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    require("tiny.oci.front").pause(args.id, true)
  end,
}
