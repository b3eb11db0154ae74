-- Containers of a pool on a network, with an init: each has its own address and name, and the network's resolver.
local check = require "check"

if tiny.probe().network.nftables == false then check.skip("needs nftables") end

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

-- Egress rules hold from the first moment, and the end of a killed owner is seen although other processes serve the network.
tiny.write_file("/tmp/fenced.lua", [[
local pool = require("tiny.pool").new { size = 2, egress = { "192.0.2.1:80" } }
for _ = 1, 3 do
  local r = pool:run({ "bash", "-c", "exec 3<>/dev/tcp/10.10.0.1/22 && echo reached" }, { timeout = "20s" })
  if r.status ~= 1 or r.stdout ~= "" then error(tiny.show(r)) end
end
print "ready"
io.stdout:flush()
pool:run { "sleep", "1000" }
]])
local from, into = tiny.pipe()
local owner = check.start(function()
  tiny.dup2(into, 1)
  tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "run", "/tmp/fenced.lua" }
end)
into:close()
check.equal(from:read(), "ready\n")
owner:kill "SIGKILL"
owner:wait()
for _ = 1, 600 do
  if pcall(check.no_container) then break end
  tiny.poll({}, "50ms")
end
check.no_container()
