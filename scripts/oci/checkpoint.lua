-- Saves a container to files.
return {
  summary = "Save a running container to files, with criu",
  order = 19,
  seal = true,
  options = function()
    return require("tiny.oci.command_options").criu {
      { "leave-running", type = "flag", help = "Let it go on running" },
      { "pre-dump", type = "flag", help = "Save only its memory, for a later checkpoint, and let it go on running" },
      { "parent-path", value = "DIR", help = "Save only what has changed since the pre-dump in DIR, relative to --image-path" },
      { "page-server", value = "ADDRESS:PORT", help = "Send memory to this `criu page-server`" },
    }
  end,
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args) require("tiny.oci.checkpoint").run(args.id, args) end,
}
