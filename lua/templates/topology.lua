-- NAME.lua: containers and networks that belong together.
--
--   tinylua up NAME.lua           brings them up; once more, it changes only what differs
--   tinylua ps NAME.lua           lists them
--   tinylua down NAME.lua         leaves nothing
--
-- `tinylua doc topology` tells more, `tinylua doc proxy.lua` shows a larger one.
local topology = require "tiny.topology"

return topology.new {
  -- A network with `internal = true` leads nowhere else. More: subnet, ipv6, mtu.
  networks = { inside = { internal = true } },

  -- The keys of a container are those of a recipe, and: scale, needs, ready, ready_timeout.
  containers = {
    -- It is ready when its log says so. There is also ready = { port = 80 }, { health = true }, { exit = 0 },
    -- or a function.
    server = {
      network = "inside",
      command = "echo listening; exec sleep infinity",
      -- A PID 1 of its own that passes SIGTERM on: `down` waits ten seconds for a program that does not listen.
      init = true,
      ready = { log = "listening" },
    },

    -- It starts when the server is ready, and finds it by its name.
    client = {
      needs = { "server" }, network = "inside",
      command = "getent hosts server; exec sleep infinity", init = true,
    },
  },
}
