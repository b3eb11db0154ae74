-- Prints the state of a container (runtime.md, "State").
return {
  summary = "Print the state of a container",
  order = 4,
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    local state = require "tiny.oci.state"
    local one = state.find(args.id)
    local shown = state.shown(one, state.status(one))
    shown.pid = shown.pid or 0
    shown.created, shown.rootfs = one.record.created, one.record.rootfs
    require("tiny.format").line(tiny.json_encode(shown, { pretty = true }))
  end,
}
