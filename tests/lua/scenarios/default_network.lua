-- The network of a container that asks for none: none, or bridge if it publishes ports or runs an image.
local check = require "check"
local net = require "networked"
net.needs()

-- A published port needs a network, from the command line and in a recipe.
check.succeeds("run", "-d", "--name", "web", "-p", "8080:80", "sh", "-c", "mkdir -p /srv; echo page >/srv/index.html; exec busybox httpd -f -p 80 -h /srv")
check.equal(check.succeeds("inspect", "--format", "config.network", "web"), "bridge\n")
local page
for _ = 1, 100 do
  page = net.fetch("http://127.0.0.1:8080/")
  if page then break end
  tiny.poll({}, "50ms")
end
check.equal(page, "page")
check.succeeds("rm", "-f", "web")
tiny.write_file("/tmp/web.lua", 'return require("tiny.container").new { command = "true", publish = { "8081:80" } }')
check.succeeds("run", "--rm", "/tmp/web.lua")
check.succeeds("create", "--name", "all", "-P", "--expose", "80", "true")
check.equal(check.succeeds("inspect", "--format", "config.network", "all"), "bridge\n")
-- Without one there is none.
for _, options in ipairs { {}, { "--expose", "80" }, { "--rootfs", "/etc" } } do
  check.succeeds("create", "--name", "plain", table.unpack(table.move({ "true" }, 1, 1, #options + 1, options)))
  check.equal(check.succeeds("inspect", "--format", "config.network", "plain"), "none\n")
  check.succeeds("rm", "plain")
end
check.succeeds("rm", "all")

local choose = require("tiny.net.default_network").choose
check.equal(table.concat({ choose { image = "debian:12" } }, ": "), "bridge: it runs an image")
check.equal(table.concat({ choose { publish = {} } }, ": "), "none: it runs no image, and publishes no ports")
check.equal(table.concat({ choose { publish = { "80" } } }, ": "), "bridge: it publishes ports")
local help = check.succeeds("run", "--help"):gsub("%s+", " ")
assert(help:find("[default: none; bridge with -p, and for images]", 1, true), help)

-- The policy is a module that a user can replace.
tiny.mkdir("/tmp/own/lua/tiny/net", { parents = true })
local text = tiny.source("lua/tiny/net/default_network.lua"):gsub('host = "none"', 'host = "bridge"')
tiny.write_file("/tmp/own/lua/tiny/net/default_network.lua", text)
check.equal(check.succeeds("--lua-path", "/tmp/own", "run", "--rm", "sh", "-c", "ls /sys/class/net"), "eth0\nlo\n")
check.no_container()
net.nothing_left()
