-- Options that several commands of the OCI runtime share.
local BUNDLE = {
  { "bundle", short = "b", value = "DIR", help = "The bundle [default: the working directory]" },
  { "config", short = "f", value = "FILE", help = "Read the configuration from FILE instead of the bundle's config.json" },
  { "pid-file", value = "FILE", help = "Write the pid of the first process to FILE" },
  { "console-socket", value = "SOCKET", help = "Send the terminal to this socket" },
  { "preserve-fds", type = "integer", value = "N", help = "Pass N descriptors after standard error on to the program" },
  { "no-pivot", type = "flag", help = "Refused: pivot_root(2) is always used" },
  { "no-new-keyring", type = "flag", help = "Keep the session keyring of the caller" },
  { "strict", type = "flag", help = "Refuse fields that the specification does not have" },
}

local command_options = {}

-- Those of commands that create a container, and the command's own.
function command_options.bundle(own)
  return table.move(own or {}, 1, #(own or {}), #BUNDLE + 1, table.move(BUNDLE, 1, #BUNDLE, 1, {}))
end

-- Those of checkpoint and restore, which engines pass.
command_options.criu = {
  { "image-path", value = "DIR", help = "Refused" }, { "work-path", value = "DIR", help = "Refused" }, { "parent-path", value = "DIR", help = "Refused" },
  { "leave-running", type = "flag", help = "Refused" }, { "tcp-established", type = "flag", help = "Refused" }, { "ext-unix-sk", type = "flag", help = "Refused" },
  { "shell-job", type = "flag", help = "Refused" }, { "file-locks", type = "flag", help = "Refused" }, { "pre-dump", type = "flag", help = "Refused" },
  { "bundle", short = "b", value = "DIR", help = "Refused" }, { "detach", short = "d", type = "flag", help = "Refused" },
  { "pid-file", value = "FILE", help = "Refused" }, { "console-socket", value = "SOCKET", help = "Refused" },
}

return command_options
