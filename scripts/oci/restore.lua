-- Runs a container from the files of a checkpoint.
return {
  summary = "Restore a container from a checkpoint, with criu",
  order = 20,
  seal = true,
  options = function()
    return require("tiny.oci.command_options").criu {
      { "bundle", short = "b", value = "DIR", help = "The bundle [default: that of the stopped container, or the working directory]" },
      { "detach", short = "d", type = "flag", help = "Do not wait for its end" },
      { "pid-file", value = "FILE", help = "Write the pid of the first process to FILE" },
      { "console-socket", value = "SOCKET", help = "Send the terminal to this socket" },
      { "no-subreaper", type = "flag", help = "Ignored: this runtime is none" },
      { "lsm-profile", value = "PROFILE", help = "The profile of the security module: apparmor:NAME or selinux:LABEL" },
      { "lsm-mount-context", value = "LABEL", help = "The SELinux label of mounts" },
    }
  end,
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args) return require("tiny.oci.restore").run(args.id, args) end,
}
