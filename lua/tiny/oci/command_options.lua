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

-- Those that checkpoint and restore share.
local CRIU = {
  { "image-path", value = "DIR", help = "The directory of the checkpoint [default: checkpoint]" },
  { "work-path", value = "DIR", help = "The directory of criu's logs [default: that of the checkpoint]" },
  { "tcp-established", type = "flag", help = "Save and restore open TCP connections" },
  { "ext-unix-sk", type = "flag", help = "Allow Unix sockets that are connected to the host" },
  { "shell-job", type = "flag", help = "Allow a process whose terminal and session are the caller's" },
  { "file-locks", type = "flag", help = "Save and restore file locks" },
  { "manage-cgroups-mode", value = "MODE", help = "How criu restores cgroups: ignore, soft, full or strict [default: soft]" },
  { "network-lock", value = "METHOD", help = "How criu stops the network meanwhile: iptables, nftables or skip" },
  { "empty-ns", many = true, value = "KIND", help = "Ignored for network: the engine sets up devices again" },
  { "auto-dedup", type = "flag", help = "Do not save a page of memory twice" },
}

-- Those of checkpoint or restore, and the command's own.
function command_options.criu(own) return table.move(own, 1, #own, #CRIU + 1, table.move(CRIU, 1, #CRIU, 1, {})) end

return command_options
