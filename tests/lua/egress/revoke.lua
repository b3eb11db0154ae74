-- Connections outlive the pin of their name, and end when the rules change. A published port still works, and so do its replies.
local check = require "check"
local keeper = require "tiny.egress.keeper"
local net = require "networked"
local rig = require "egress_rig"
local sockets = require "sockets"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE }, AAAA = { rig.SIX } }, ["two.test"] = { A = { rig.TWO } } }
local c = rig.container("c", { "api.test:443", "two.test:443" }, "-p", "9080:80")
rig.lookup(c, "api.test")
rig.lookup(c, "api.test", { kind = "AAAA" })
rig.lookup(c, "two.test")
local _, _, four = rig.connect(c, rig.ONE, 443)
local _, _, six = rig.connect(c, rig.SIX, 443)
check.equal(rig.echoes(four), true)
check.equal(rig.echoes(six), true)

-- A connection continues without its pin; a new one does not begin.
local pins = rig.pins(c)
check.equal(#pins, 3)
for _, pin in ipairs(pins) do pin.seconds = nil end
tiny.egress_unpin(c.id, pins, { netns = c.router })
check.equal(rig.connect(c, rig.ONE, 443), "ECONNREFUSED", "without a pin")
check.equal(rig.echoes(four), true, "an established connection")
check.equal(rig.echoes(six), true)
tiny.egress_pin(c.id, { { addr = rig.ONE, protocol = "tcp", port = 443 } }, { seconds = 0.2, netns = c.router })
check.equal(rig.connect(c, rig.ONE, 443), "ok")
tiny.poll({}, "400ms")
check.equal(rig.connect(c, rig.ONE, 443), "ECONNREFUSED", "after its time")

-- Revoked: all at once.
local start = tiny.clock("monotonic")
keeper.request(c, { op = "revoke" })
assert(tiny.clock("monotonic") - start < 2, "revoked in " .. tiny.clock("monotonic") - start)
check.equal(rig.echoes(four, "300ms"), false, "an established connection after revoke")
check.equal(rig.echoes(six, "300ms"), false)
check.equal(#rig.pins(c), 0)
check.equal(rig.lookup(c, "api.test"), 0, "the rules are the same")
local _, _, again = rig.connect(c, rig.ONE, 443)
check.equal(rig.echoes(again), true)

-- Other rules.
keeper.request(c, { op = "policy", rules = { "two.test:443" } })
check.equal(rig.echoes(again, "300ms"), false, "after other rules")
check.equal(rig.lookup(c, "api.test"), 3)
check.equal(rig.lookup(c, "two.test"), 0)
check.equal(rig.connect(c, rig.TWO, 443), "ok")
check.equal(rig.connect(c, rig.ONE, 443), "ECONNREFUSED")
local _, err = tiny.try(keeper.request, c, { op = "policy", rules = { "*" } })
assert(err.message:find("it would allow every name", 1, true), err.message)
check.equal(rig.connect(c, rig.TWO, 443), "ok", "a refused change changes nothing")
local status = keeper.request(c, { op = "status" })
check.equal(table.concat(status.rules, " "), "two.test:443")
assert(status.denied > 0)

-- From outside to a published port, and from the host.
check.succeeds("exec", "-d", "c", "sh", "-c", "mkdir -p /tmp/w; echo served > /tmp/w/index.html; exec busybox httpd -f -p 80 -h /tmp/w")
check.equal(net.fetch("http://" .. rig.HOST .. ":9080/", rig.world.netns), "served", "a published port")
check.equal(net.fetch("http://" .. rig.HOST2 .. ":9080/"), "served", "from the host")
if rig.network == "six" then check.equal(net.fetch("http://" .. c.addr .. "/"), "served", "the host to its address") end
local other = rig.container("other", nil, "-p", "9081:80")
check.succeeds("exec", "-d", "other", "sh", "-c", "mkdir -p /tmp/w; echo served > /tmp/w/index.html; exec busybox httpd -f -p 80 -h /tmp/w")
check.equal(net.fetch("http://" .. rig.HOST .. ":9081/", rig.world.netns), "served", "another container's port")
-- Where netfilter sees bridged packets (br_netfilter), they are translated on the bridge, which drops them without an answer.
assert(rig.connect(c, rig.HOST, 9081, "300ms") ~= "ok", "a published port of another container")

-- Restarted: the rules of its options again.
if rig.network == "six" then check.equal(net.fetch("http://" .. rig.HOST .. ":9080/", other.netns), "served", "by a member of its network") end
check.succeeds("restart", "-t", "0", "c")
c = rig.find("c")
check.equal(rig.connect(c, rig.TWO, 443), "ECONNREFUSED")
check.equal(rig.lookup(c, "api.test"), 0)
check.equal(rig.connect(c, rig.ONE, 443), "ok")
check.succeeds("rm", "-f", "c", "other")
rig.down()
check.equal(sockets.ruleset(), "", "nothing is left")
net.nothing_left()
