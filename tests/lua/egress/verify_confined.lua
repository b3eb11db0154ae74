-- verify = "sni": the process that reads the container's bytes can do nothing else, and when it or the keeper is killed nothing
-- passes unchecked.
local check = require "check"
local hello = require "tls_hello"
local rig = require "verify_rig"

local from, into = tiny.pipe()
local r = rig.start { hosts = { ["api.example"] = { rig.world4 } }, reset = from }
local HELLO = hello.of "api.example"
local listener <close> = r:listen(rig.world4, 443)

local function joined()
  local client = r:connect(rig.world4, 443)
  client:write(HELLO)
  local server = rig.accept(listener)
  check.equal(rig.read(server, #HELLO), HELLO)
  return client, server
end
local client, server = joined()

-- It has no capability, no new privileges, a filter, and only sockets and pipes.
local function status(pid) return tiny.read_file(("/proc/%d/status"):format(pid)) end
for name, value in pairs { CapPrm = "0+", CapEff = "0+", CapInh = "0+", CapBnd = "0+", CapAmb = "0+", NoNewPrivs = "1", Seccomp = "2" } do
  assert(status(r.relay):match("\n" .. name .. ":%s+" .. value .. "\n"), name)
end
for _, number in ipairs(tiny.list_dir(("/proc/%d/fd"):format(r.relay))) do
  local file = tiny.readlink(("/proc/%d/fd/%s"):format(r.relay, number))
  assert(file:find "^socket:" or file:find "^pipe:" or file:find "eventpoll", number .. " is " .. file)
end
-- The same confinement, tried from inside.
local relay = require "tiny.egress.relay"
local probe = tiny.fork(function()
  local result, out = tiny.pipe()
  relay.confine { out, result }
  for what, f in pairs {
    open = function() return tiny.open "/dev/null" end,
    connect = function() return tiny.tcp_connect "127.0.0.1:1" end,
    unix = function() return tiny.unix_connect "/run/x" end,
    fork = function() return tiny.fork(function() end) end,
    kill = function() return tiny.kill(tiny.pidfd_open(1), "SIGTERM") end,
    exec = function() return tiny.exec { "true" } end,
  } do
    local done, err = tiny.try(f)
    if done or not err then error(what .. " is possible") end
  end
end)
check.equal(probe:wait(), 0)

-- After a change of the rules, connections are reset.
into:write "x"
check.equal(select(2, rig.read(client, 1)), "ECONNRESET")
check.equal(select(2, rig.read(server, 1)), "ECONNRESET")

-- Killed: its connections end, and the next ones are checked by its successor.
client, server = joined()
local process = tiny.pidfd_open(r.relay)
tiny.kill(process, "SIGKILL")
assert(rig.read(client, 1) ~= false and rig.read(server, 1) ~= false, "the connection has ended")
client = r:connect(rig.world4, 443)
client:write(hello.of "evil.example")
r:denied(client, listener, "no rule has this name")
joined()

-- The keeper is killed: the check ends with it, and connections are refused.
r.keeper:kill "SIGKILL"
r.keeper:wait()
local refused = tiny.try(rig.connect, r, rig.world4, 443)
if refused then
  -- The reset may come before the first bytes are written.
  local _, err = tiny.try(refused.write, refused, HELLO)
  check.equal(err and err.code or select(2, rig.read(refused, 1)), "ECONNRESET")
end
check.equal(listener:accept(), nil)
r:stop()
