-- NAME.lua: a container that you program.
--
--   tinylua run NAME.lua [ARG…]          runs it; the arguments are the command
--   tinylua --trace run NAME.lua         traces every step
--   tinylua check NAME.lua               checks it without running it
--
-- `tinylua doc keys` lists all keys, `tinylua doc volumes` explains one; see also `tinylua doc container`.
local container = require "tiny.container"

-- The arguments after the file name on the command line.
local args = ...

return container.new {
  -- A string is run by /bin/sh -c; a list is executed directly.
  command = #args > 0 and args or "echo hello from PID $$ of $(hostname)",
  hostname = "box",
  env = { GREETING = "hello" },

  -- Without a rootfs, it sees files of this host, but no private directories; its changes are discarded.
  -- rootfs = "./rootfs",
  -- volumes = { "./data:/data", "./site:/srv:ro" }, workdir = "/srv",

  -- Limits need root, or a cgroup that is delegated to you (`tinylua doctor`).
  -- memory = "128m", cpus = 0.5, pids = 64,

  -- A network: "bridge", "host", or the name of a network made with `tinylua network create`.
  -- network = "bridge", publish = { "8080:80" },

  -- Your own functions `before` or `after` a step: cgroup, network, namespaces, rootfs, mounts, security, exec.
  -- From rootfs on, they run inside the namespaces of the container.
  before = {
    exec = function() tiny.setrlimit("nofile", 256) end,
  },

  -- Called by the supervisor when the container has ended. See also on_start, on_log, on_oom and on_health.
  on_exit = function(_, status) print("ended with status " .. status) end,
}
