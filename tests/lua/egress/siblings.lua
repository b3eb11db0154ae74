-- Other containers: one that a rule names is reachable at its ports, through the host; no other one is, and names of containers and
-- the answers of a recipe's function are pinned too.
local check = require "check"
local net = require "networked"
local rig = require "egress_rig"

rig.up()
local function serves(name, rules, port)
  local c = rig.container(name, rules, "--network-alias", name .. "-alias")
  check.succeeds("exec", "-d", name, "sh", "-c", ("mkdir -p /tmp/w; echo %s > /tmp/w/index.html; exec busybox httpd -f -p %d -h /tmp/w"):format(name, port))
  return c
end
local db, closed, fenced = serves("db", nil, 5432), serves("closed", nil, 5432), serves("fenced", { "none" }, 5432)
local c = rig.container("c", { "db:5432", "db-alias:5433", "fenced:5432" })
local say, done = require("wires").tally()
local function get(from, addr, port)
  return net.fetch(("http://%s:%d/"):format(addr:find(":", 1, true) and "[" .. addr .. "]" or addr, port or 5432), from.netns)
end

say("before", rig.connect(c, db.addr, 5432), "ECONNREFUSED")
local code, addr = rig.lookup(c, "db")
say("db", code .. addr, "0" .. db.addr)
say("db by IPv6", select(2, rig.lookup(c, "db", { kind = "AAAA" })), db.addr6)
say("db", get(c, db.addr), "db")
say("db by IPv6", get(c, db.addr6), "db")
say("another port", rig.connect(c, db.addr, 80), "ECONNREFUSED")
say("an alias has ports of its own", select(2, rig.lookup(c, "db-alias")), db.addr)
say("closed", rig.lookup(c, "closed"), 3)
say("closed", rig.connect(c, closed.addr, 5432), "ECONNREFUSED")
rig.lookup(c, "fenced")
say("a container with rules of its own", get(c, fenced.addr), "fenced")
say("which cannot connect", rig.connect(fenced, c.addr, 5432), "ECONNREFUSED")
-- From others to it: nothing without a published port.
check.succeeds("exec", "-d", "c", "sh", "-c", "mkdir -p /tmp/w; echo c > /tmp/w/index.html; exec busybox httpd -f -p 5432 -h /tmp/w")
say("to it", rig.connect(db, c.addr, 5432, "500ms") ~= "ok", true)
say("the others as before", get(closed, db.addr), "db")

-- A name that a container gets later, and one that has gone.
check.succeeds("rm", "-f", "db")
tiny.poll({}, "1100ms") -- as long as it is cached
say("gone", rig.lookup(c, "db"), 3)
local again = serves("db", nil, 5432)
rig.lookup(c, "db")
say("again", get(c, again.addr), "db")
done()
check.succeeds("rm", "-f", "c", "db", "closed", "fenced")

-- A recipe's function.
tiny.write_file("/tmp/own.lua", ([[
  return require("tiny.container").new {
    name = "own", network = "six", command = { "sleep", "1000" }, egress = { "mine.test:443", "gone.test", "else.test:443", "bad.test:*" },
    resolve = function(ctx, name, type)
      if name == "mine.test" and type == "A" then return "%s" end
      if name == "gone.test" then return false end
      if name == "bad.test" then return { "127.0.0.1", "169.254.169.254" } end
      if name == "unlisted.test" then return "%s" end
    end,
  }]]):format(rig.TWO, rig.ONE))
rig.zone { ["else.test"] = { A = { rig.ONE } } }
check.succeeds("run", "-d", "/tmp/own.lua")
local own = rig.find("own")
say("the recipe's", select(2, rig.lookup(own, "mine.test")), rig.TWO)
say("pinned", rig.connect(own, rig.TWO, 443), "ok")
say("no name", rig.lookup(own, "gone.test"), 3)
say("passed on", select(2, rig.lookup(own, "else.test")), rig.ONE)
say("never", select(2, rig.lookup(own, "bad.test")), "")
say("unlisted", rig.lookup(own, "unlisted.test"), 3)
-- A new supervisor answers too.
local supervisor <close> = tiny.pidfd_open(own.supervisor)
check.kill(supervisor)
say("without a supervisor", rig.lookup(own, "mine.test", { kind = "A" }), 2)
check.succeeds("ps")
say("recovered", select(2, rig.lookup(own, "mine.test")), rig.TWO)
done()
check.succeeds("rm", "-f", "own")
rig.down()
check.equal(require("sockets").ruleset(), "", "nothing is left")
