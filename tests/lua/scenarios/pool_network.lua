-- Containers of a pool on a network, with an init: each has its own address and name, and the network's resolver.
local check = require "check"

tiny.write_file("/tmp/networked.lua", [[
local pool <close> = require("tiny.pool").new { size = 2, network = "bridge", init = true }
local seen = {}
for _ = 1, 4 do
  local r = pool:run("getent hosts $(hostname); cat /proc/1/comm")
  local address, name, init = r.stdout:match("^([%d.]+)%s+(%x+)\n(%S+)\n$")
  if not address then error(tiny.show(r)) end
  if seen[name] then error("a name is used twice") end
  if init ~= "init" then error("PID 1 is " .. init) end
  seen[name] = true
end
]])
check.succeeds("run", "/tmp/networked.lua")
check.no_container()
for _, link in ipairs(tiny.links()) do assert(not link.name:find("^tl%x"), "left: " .. link.name) end
