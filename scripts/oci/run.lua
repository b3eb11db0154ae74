-- Creates a container, starts it, and waits for its end.
return {
  summary = "Create and start a container",
  order = 2,
  seal = true,
  options = function()
    return require("tiny.oci.command_options").bundle {
      { "detach", short = "d", type = "flag", help = "Do not wait for its end" },
      { "keep", type = "flag", help = "Keep the state of the container after its end" },
    }
  end,
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    return require("tiny.oci.run").run(args)
  end,
}
