-- The router of an unprivileged user's container: published ports, what the container's root can do about it, and the processes
-- that serve it, each killed in turn. The rules are enforced all the time, and nothing is left at the end.
local check = require "check"
local ordinary = require "ordinary"
local rig = require "egress_rig"
local rootless = require "tiny.net.rootless"

ordinary.make()
ordinary.tun()
rig.network = "pasta"
rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE }, AAAA = { rig.SIX } } }

-- The pids of the container's processes outside, by their titles.
local function helpers(c)
  local found = {}
  for _, pid in ipairs(tiny.list_dir("/proc")) do
    local words = pid:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. pid .. "/cmdline") or ""
    local kind = words:match("^tinylua: (%l+) of c%f[%z]") or words:find(c.run .. "/network.", 1, true) and "program"
    if kind then found[kind] = math.tointeger(tonumber(pid)) end
  end
  return found
end

local function count(c)
  local n = 0
  for _ in pairs(helpers(c)) do n = n + 1 end
  return n
end

local function kill(pid)
  local process <close> = tiny.pidfd_open(pid)
  tiny.kill(process, "SIGKILL")
  tiny.poll({ process }, "10s")
end

-- Waits for f to be true.
local function soon(what, f)
  local limit = tiny.clock("monotonic") + 20
  while not f() do
    assert(tiny.clock("monotonic") < limit, what)
    tiny.poll({}, "20ms")
  end
end

local function enforced(c, when)
  local code, ms = rig.connect(c, rig.TWO, 443)
  check.equal(code, "ECONNREFUSED", when)
  assert(ms < 1000, when)
end

-- The names work again, and what they lead to.
local function answers(c, when)
  soon(when, function() return rig.lookup(c, "api.test", { wait = 1 }) == 0 end)
  check.equal(rig.connect(c, rig.ONE, 443), "ok", when)
  check.equal(select(2, rig.lookup(c, "api.test", { kind = "AAAA" })), rig.SIX, when)
  check.equal(rig.connect(c, rig.SIX, 443), "ok", when)
end

-- A process with all privileges in the container's namespaces, and the ids of its root.
local function powerless(c)
  local child <close> = check.start(function()
    tiny.set_dumpable(true)
    local process, holder = tiny.pidfd_open(c.pid), tiny.pidfd_open(helpers(c).router)
    local own, netns = tiny.open_ns("user", process), tiny.open_ns("net", process)
    local outer, outer_user = tiny.open_ns("net", holder), tiny.open_ns("user", holder)
    local inside <close> = tiny.clone({ user = own, net = netns }, function()
      tiny.link_set("lo", { up = true })
      check.fails("EPERM", tiny.setns, outer)
      check.fails("EPERM", tiny.setns, outer_user)
      check.fails("EPERM", tiny.link_del, "tl-inside", { netns = outer })
      check.fails("EPERM", tiny.egress_fence_del, c.id, { netns = outer })
      check.fails("EPERM", tiny.nflog, 30000, { netns = outer })
      check.fails("EPERM", tiny.nat_del, "router", { netns = outer })
    end)
    check.equal(inside:wait(), 0, "the container's root")
  end)
  check.equal(child:wait(), 0, "the container's root")
end

local function get(place)
  local stream <close> = tiny.tcp_connect(place, { timeout = "5s" })
  stream:write("GET / HTTP/1.0\r\n\r\n")
  local text = ""
  while #tiny.poll({ stream }, "5s") > 0 do
    local bytes = stream:read()
    if not bytes then break end
    text = text .. bytes
  end
  return text:match("\r\n\r\n(.*)$")
end

local SERVE = "mkdir -p /srv/w; echo web >/srv/w/index.html; exec busybox httpd -f -p 80 -h /srv/w"
for _, network in ipairs(rootless.PROGRAMS) do
  rig.network = network
  check.succeeds("run", "-d", "--name", "c", "--network", network, "--egress", "api.test:443", "-p", "18080:80", "sh", "-c", SERVE)
  local c = rig.find("c")
  soon("no web server", function() return tiny.try(tiny.tcp_connect, "127.0.0.1:80", { netns = c.netns }) end)
  for _, place in ipairs { "127.0.0.1:18080", rig.HOST .. ":18080", rig.HOST2 .. ":18080" } do check.equal(get(place), "web\n", place) end
  check.equal(count(c), 5, "supervisor, router, egress, resolver, program")
  powerless(c)
  answers(c, "at first")

  -- Without its resolver, names wait for the next one.
  kill(helpers(c).resolver)
  enforced(c, "without a resolver")
  answers(c, "with a new resolver")
  -- Without its keeper too; the supervisor starts another.
  kill(helpers(c).egress)
  enforced(c, "without a keeper")
  answers(c, "with a new keeper")
  -- Without its supervisor, everything works on; then a command starts another, which finds the keeper.
  local before = helpers(c)
  kill(before.supervisor)
  enforced(c, "without a supervisor")
  answers(c, "without a supervisor")
  check.succeeds("ps")
  soon("no new supervisor", function() return helpers(c).supervisor end)
  check.equal(helpers(c).egress, before.egress, "the same keeper")
  check.equal(get("127.0.0.1:18080"), "web\n")
  -- Without both; a command starts both.
  kill(helpers(c).supervisor)
  kill(helpers(c).egress)
  enforced(c, "without supervisor and keeper")
  check.succeeds("ps")
  answers(c, "with new ones")
  check.equal(count(c), 5, "all of them again")
  assert(rig.lookup(c, "other.test") == 3 and rig.denied(c, { name = "other.test" }), "no event")
  check.succeeds("restart", "-t", "0", "c")
  c = rig.find("c")
  answers(c, "after a restart")
  check.equal(count(c), 5, "after a restart")

  -- Without the process that holds the router, the rules stay, and its end is that of the others.
  kill(helpers(c).router)
  enforced(c, "without the router's process")
  check.succeeds("rm", "-f", "c")
  check.equal(count(c), 0, "after its end")
  check.no_container()

  -- The supervisor and the container are killed at once: the next command ends the rest.
  c = rig.container("c", { "api.test" })
  before = helpers(c)
  kill(before.supervisor)
  kill(c.pid)
  check.succeeds("gc")
  check.equal(count(c), 0, "after gc")
  check.succeeds("rm", "c")
  check.no_container()
end

-- A name server on the host's loopback address, such as systemd-resolved, is asked through the program.
local dns = require "dns"
local stub = dns.server(nil, "127.0.0.53", function(query, question)
  return tiny.dns_answer(query, { addrs = question.type == "A" and { rig.TWO } or {}, ttl = 60 })
end)
assert(os.execute("echo nameserver 127.0.0.53 >/etc/resolv.conf"))
for _, network in ipairs(rootless.PROGRAMS) do
  rig.network = network
  local c = rig.container("c", { "api.test:443" })
  check.equal(select(2, rig.lookup(c, "api.test")), rig.TWO, network .. ": the host's own name server")
  check.equal(rig.connect(c, rig.TWO, 443), "ok")
  check.equal(rig.connect(c, "10.0.2.3", 53) ~= "ok", true)
  check.succeeds("rm", "-f", "c")
end
stub:kill("SIGKILL")
stub:wait()
rig.down()
