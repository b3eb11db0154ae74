-- Three web servers behind a proxy: `tinylua up proxy.lua`, then fetch http://127.0.0.1:8080.
local topology = require "tiny.topology"

local page = "mkdir -p /srv && hostname > /srv/index.html && exec busybox httpd -f -p 80 -h /srv"

return topology.new {
  networks = { front = {}, back = { internal = true } },
  containers = {
    -- With init = true, `down` need not wait: without a handler, PID 1 of a container ignores SIGTERM.
    web = { scale = 3, network = "back", command = page, ready = { port = 80 }, init = true },
    proxy = {
      needs = { "web" }, init = true, network = { "front", "back" }, publish = { "8080:80" },
      -- Each connection has its own process, whose pid selects the server.
      command = "exec busybox nc -ll -p 80 -e sh -c 'exec busybox nc web-$(($$ % 3 + 1)) 80'",
    },
  },
}
