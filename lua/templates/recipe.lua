-- NAME.lua: a container that you program.
--
--   tinylua run NAME.lua [WORD…]         runs it; the words are its command
--   tinylua --trace run NAME.lua         shows every step as it happens
--   tinylua check NAME.lua               looks at it without running it
--
-- `tinylua doc container` tells more, lua/tiny/spec/keys.lua (`tinylua eject --print tiny.spec.keys`) has all keys.
local container = require "tiny.container"

-- What stands behind the file's name on the command line.
local args = ...

return container.new {
  -- A string goes through /bin/sh -c, a list is executed as it is.
  command = #args > 0 and args or "echo hello from PID $$ of $(hostname)",
  hostname = "box",
  env = { GREETING = "hello" },

  -- Without a rootfs it sees this host's files, with private folders hidden; what it writes is thrown away.
  -- rootfs = "./rootfs",
  -- volumes = { "./data:/data", "./site:/srv:ro" }, workdir = "/srv",

  -- Limits need root, or a control group that was delegated to you (`tinylua doctor`).
  -- memory = "128m", cpus = 0.5, pids = 64,

  -- A network: "bridge", "host", or one of `tinylua network create`.
  -- network = "bridge", publish = { "8080:80" },

  -- Your own steps, `before` or `after` one of: cgroup, network, namespaces, rootfs, mounts, security, exec.
  -- From rootfs on they run inside the container's namespaces.
  before = {
    exec = function() tiny.setrlimit("nofile", 256) end,
  },

  -- Called by the container's supervisor when it has ended. There is also on_start, on_log, on_oom, on_health.
  on_exit = function(_, status) print("ended with status " .. status) end,
}
