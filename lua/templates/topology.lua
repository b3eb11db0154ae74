-- NAME.lua: a topology, that is, containers and networks that form one application.
--
--   tinylua up NAME.lua           starts them; a second time, it applies only the differences
--   tinylua ps NAME.lua           lists them
--   tinylua down NAME.lua         removes everything
--
-- See `tinylua doc topology`. `tinylua doc proxy.lua` shows a larger topology.
local topology = require "tiny.topology"

return topology.new {
  -- A network with `internal = true` has no route to the outside. Other keys: subnet, ipv6, mtu.
  networks = { inside = { internal = true } },

  -- A container has the keys of a recipe, and also scale, needs, ready and ready_timeout.
  containers = {
    -- It is ready when its log contains this. Alternatives: ready = { port = 80 }, { health = true }, { exit = 0 },
    -- or a function.
    server = {
      network = "inside",
      command = "echo listening; exec sleep infinity",
      -- An init process as PID 1 that forwards SIGTERM; without it, `down` waits ten seconds if the program ignores SIGTERM.
      init = true,
      ready = { log = "listening" },
    },

    -- Starts when the server is ready, and finds it by name.
    client = {
      needs = { "server" }, network = "inside",
      command = "getent hosts server; exec sleep infinity", init = true,
    },
  },
}
