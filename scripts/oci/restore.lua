-- Refused: criu is not driven by this runtime. The options are those that engines pass.
return {
  summary = "Refused: checkpoints are not supported",
  order = 20,
  options = function() return require("tiny.oci.command_options").criu end,
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function()
    tiny.fail { message = "restore: this runtime does not support checkpoints (criu)", hint = "runc and crun do", exit = 1 }
  end,
}
