-- A database for a test run: `tinylua up database.lua redis`, run the tests, `tinylua down database.lua`. Its files
-- are in memory and are removed with it. `up` returns when the database answers, so no test starts too early.
local args = ...
local topology = require "tiny.topology"

local servers = {
  postgres = {
    port = 5432, user = "postgres", env = { PGDATA = "/data/db" },
    command = "PATH=$PATH:$(echo /usr/lib/postgresql/*/bin) && initdb -A trust >/dev/null && exec postgres -h '*' -k /tmp -c fsync=off",
  },
  redis = { port = 6379, command = "exec redis-server --bind 0.0.0.0 --protected-mode no --save '' --dir /data" },
  -- Echoes its input, for trying this recipe without a database.
  echo = { port = 7777, command = "exec busybox nc -ll -p 7777 -e busybox cat" },
}
local name = args and args[1] or "redis"
local server = servers[name] or tiny.fail { message = "no such database: " .. name, hint = "postgres, redis or echo" }

return topology.new {
  name = "testdb",
  networks = { tests = {} },
  containers = {
    db = {
      network = "tests", command = server.command, user = server.user, env = server.env,
      tmpfs = { "/data:size=256m,mode=1777", "/tmp:size=16m" },
      publish = { ("127.0.0.1:%d:%d"):format(server.port, server.port) },
      ready = { port = server.port }, ready_timeout = "30s",
      memory = "512m", pids = 64, init = true,
    },
  },
}
