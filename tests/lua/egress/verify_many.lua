-- verify = "sni": 1,000 connections at once all work, those beyond the limit are reset, and a client that names no host is reset
-- in time without harm to others.
local check = require "check"
local hello = require "tls_hello"
local relay = require "tiny.egress.relay"
local rig = require "verify_rig"

tiny.setrlimit("nofile", 8192, { hard = math.tointeger(tiny.read_file("/proc/self/limits"):match "Max open files%s+%d+%s+(%d+)") })
local COUNT = 1000
relay.PATIENCE, relay.MOST = 2, COUNT + 20
local r = rig.start { hosts = { ["api.example"] = { rig.world4 } } }
local HELLO = hello.of "api.example"
local listener <close> = r:listen(rig.world4, 443)

local silent = r:connect(rig.world4, 443)
local clients, servers = {}, {}
for i = 1, COUNT do
  clients[i] = r:connect(rig.world4, 443)
  clients[i]:write(HELLO)
end
for i = 1, COUNT do
  servers[i] = rig.accept(listener)
  check.equal(rig.read(servers[i], #HELLO), HELLO, i)
end
-- Each server says who it is connected to by what its client says next.
for i = 1, COUNT do clients[i]:write(("%08d"):format(i)) end
local seen = {}
for i = 1, COUNT do
  local number = rig.read(servers[i], 8)
  check.equal(seen[number], nil)
  seen[number] = servers[i]
  servers[i]:write(number)
end
for i = 1, COUNT do check.equal(rig.read(clients[i], 8), ("%08d"):format(i)) end

-- The client that named no host.
check.equal(select(2, rig.read(silent, 1)), "ECONNRESET")
check.equal(r:next().reason, "the client named no host within 2 s")
-- Beyond the limit.
local extra = {}
for _ = 1, 40 do table.insert(extra, (tiny.try(r.connect, r, rig.world4, 443))) end
check.equal(r:next().reason, "more than 1020 connections at once")
-- After all have ended there is room again.
for i = 1, COUNT do
  clients[i]:close()
  local server = seen[("%08d"):format(i)]
  check.equal(rig.read(server, 1), "")
  server:close()
end
for _, one in ipairs(extra) do one:close() end
local again = r:connect(rig.world4, 443)
again:write(HELLO)
local server
repeat server = rig.accept(listener) until rig.read(server, #HELLO) == HELLO
again:write "still"
check.equal(rig.read(server, 5), "still")
r:stop()
