-- The rules hold while any of its processes is killed: the supervisor, the keeper, the resolver, all of them. The next command
-- restores what is missing, and nothing of it is left when the container has gone.
local check = require "check"
local keeper = require "tiny.egress.keeper"
local net = require "networked"
local rig = require "egress_rig"
local sockets = require "sockets"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE }, AAAA = { rig.SIX } } }
local function kill(pid)
  local process <close> = tiny.pidfd_open(pid)
  if process then check.kill(process) end
end
local function enforced(c, what)
  check.equal(rig.connect(c, rig.TWO, 443), "ECONNREFUSED", what)
  check.equal(rig.connect(c, rig.ONE, 80), "ECONNREFUSED", what)
end
local function works(c, what)
  check.equal(rig.lookup(c, "api.test"), 0, what)
  check.equal(rig.connect(c, rig.ONE, 443), "ok", what)
end
local function status(c) return keeper.request(c, { op = "status" }) end

-- The supervisor.
local c = rig.container("c", { "api.test:443" })
rig.lookup(c, "api.test")
local _, _, stream = rig.connect(c, rig.ONE, 443)
local before = status(c)
kill(c.supervisor)
enforced(c, "without a supervisor")
works(c, "without a supervisor")
check.equal(status(c).pid, before.pid)
check.succeeds("ps")
c = rig.find("c")
check.equal(status(c).pid, before.pid, "the keeper stays")
works(c, "with a new supervisor")

-- The keeper: its supervisor starts another.
kill(before.pid)
enforced(c, "without a keeper")
check.equal(rig.echoes(stream), true, "a connection without a keeper")
for _ = 1, 50 do
  local now = tiny.try(status, c)
  if now and now.pid ~= before.pid then break end
  tiny.poll({}, "20ms")
end
works(c, "with a new keeper")
check.equal(rig.echoes(stream), true, "a connection with a new keeper")
check.equal(status(c).mark, before.mark)

-- Both: the next command restores them.
local now = status(c)
kill(c.supervisor)
kill(now.pid)
enforced(c, "without both")
check.equal(rig.echoes(stream), true)
check.equal(rig.lookup(c, "api.test", { wait = 0.3 }), nil, "nobody answers")
check.succeeds("ps")
c = rig.find("c")
works(c, "after both")
enforced(c, "after both")
check.equal(rig.echoes(stream), true)

-- A change of the rules survives its keeper.
keeper.request(c, { op = "policy", rules = { "other.test:443" } })
kill(status(c).pid)
tiny.poll({}, "300ms")
check.equal(rig.lookup(c, "api.test"), 3, "changed rules")

-- Everything at once, with the container.
now = status(c)
for _, pid in ipairs { c.supervisor, now.pid, now.resolver, c.pid } do kill(pid) end
check.succeeds("gc")
check.succeeds("rm", "-f", "c")
check.equal(sockets.ruleset(), "", "after gc")

-- A keeper ends with its container, with and without a supervisor.
for _, orphan in ipairs { false, true } do
  c = rig.container("c", { "api.test:443" })
  now = status(c)
  local watched <close> = tiny.pidfd_open(now.pid)
  local resolver <close> = tiny.pidfd_open(now.resolver)
  if orphan then kill(c.supervisor) end
  kill(c.pid)
  check.equal(#tiny.poll({ watched }, "5s"), 1, "the keeper ends")
  check.equal(#tiny.poll({ resolver }, "5s"), 1, "the resolver ends")
  check.succeeds("rm", "-f", "c")
  check.equal(sockets.ruleset(), "", "after its end")
end
rig.down()
net.nothing_left()
