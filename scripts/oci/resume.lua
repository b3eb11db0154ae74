-- Thaw a paused container.
return {
  summary = "Thaw a paused container",
  order = 8,
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    require("tiny.oci.front").pause(args.id, false)
  end,
}
