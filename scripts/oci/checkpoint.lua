-- Refused: criu is not driven by this runtime. The options are those that engines pass.
return {
  summary = "Refused: checkpoints are not supported",
  order = 19,
  options = {
    { "image-path", value = "DIR", help = "Refused" }, { "work-path", value = "DIR", help = "Refused" }, { "parent-path", value = "DIR", help = "Refused" },
    { "leave-running", type = "flag", help = "Refused" }, { "tcp-established", type = "flag", help = "Refused" }, { "ext-unix-sk", type = "flag", help = "Refused" },
    { "shell-job", type = "flag", help = "Refused" }, { "file-locks", type = "flag", help = "Refused" }, { "pre-dump", type = "flag", help = "Refused" },
    { "bundle", short = "b", value = "DIR", help = "Refused" }, { "detach", short = "d", type = "flag", help = "Refused" },
    { "pid-file", value = "FILE", help = "Refused" }, { "console-socket", value = "SOCKET", help = "Refused" },
  },
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function()
    tiny.fail { message = "checkpoint: this runtime does not support checkpoints (criu)", hint = "runc and crun do", exit = 1 }
  end,
}
