-- Names of egress rules: an answer is pinned before the container has it, for the asked name's ports only; what is not listed does
-- not exist, and no answer leads to private, local or metadata addresses.
local check = require "check"
local dns = require "dns"
local rig = require "egress_rig"

-- Aliases: www.alias.test → cdn.test (its address in the same answer); far.alias.test → far.cdn.test (to be asked for).
local function name(text) return (text:gsub("([^.]+)%.?", function(label) return string.char(#label) .. label end)) .. "\0" end
local function record(owner, kind, ttl, data) return name(owner) .. string.pack(">I2I2I4s2", kind, 1, ttl, data) end
local function aliased(query, question)
  local records = {
    ["www.alias.test"] = { record("www.alias.test", 5, 300, name "cdn.test"), record("cdn.test", 1, 7, tiny.parse_addr(rig.TWO)) },
    ["far.alias.test"] = { record("far.alias.test", 5, 300, name "far.cdn.test") },
    ["loop.alias.test"] = { record("loop.alias.test", 5, 9, name "loop2.test"), record("loop2.test", 5, 9, name "loop.alias.test") },
    ["round.alias.test"] = { record("round.alias.test", 5, 9, name "round2.test") }, ["round2.test"] = { record("round2.test", 5, 9, name "round.alias.test") },
    ["poison.test"] = { record("poison.test", 1, 9, tiny.parse_addr(rig.ONE)), record("other.test", 1, 9, tiny.parse_addr "192.0.2.99") },
  }
  local list = question.type == "A" and records[question.name]
  if not list then return nil end
  return query:sub(1, 2) .. "\x81\x80\0\1" .. string.pack(">I2", #list) .. "\0\0\0\0" .. query:sub(13, 12 + #name(question.name) + 4) .. table.concat(list)
end
rig.up(aliased)
rig.zone {
  ["api.test"] = { A = { rig.ONE, rig.TWO }, AAAA = { rig.SIX }, ttl = 20 }, ["hidden.test"] = { A = { "192.0.2.9" } }, ["a.w.test"] = { A = { rig.TWO } }, ["w.test"] = { A = { rig.TWO } },
  ["zero.test"] = { A = { "192.0.2.20" }, ttl = 0 }, ["long.test"] = { A = { "192.0.2.21" }, ttl = 86400 }, ["far.cdn.test"] = { A = { "192.0.2.22" }, ttl = 9 },
  ["bad.test"] = { A = { "127.0.0.1", "10.9.9.9", "169.254.169.254", "192.168.0.1", "100.64.0.1", rig.HOST, rig.HOST2, "0.0.0.0", "224.0.0.1" },
    AAAA = { "::1", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fd12::1", rig.HOST6 } },
  ["mixed.test"] = { A = { "10.9.9.9", rig.ONE } }, ["ranged.test"] = { A = { "10.7.0.9" } }, ["only4.test"] = { A = { rig.ONE } }, ["gone.test"] = { code = "NXDOMAIN" },
  ["dns64.test"] = { AAAA = { "64:ff9b::c000:207" } }, ["udp.test"] = { A = { rig.ONE } }, ["wide.test"] = { A = { rig.TWO } },
}
local c = rig.container("c", { "api.test:443", "*.w.test", "zero.test", "long.test", "*.alias.test:8443", "bad.test:*", "mixed.test", "ranged.test:443", "10.7.0.0/16:5432", "only4.test",
  "gone.test", "dns64.test", "udp.test:443/udp", "wide.test:8000-9000", "poison.test", "other.test" })

local say, done = require("wires").tally()
local function asks(what, code, addrs, o)
  local got, found, ttl = rig.lookup(c, what, o)
  say(what .. " " .. (o and o.kind or "A"), ("%s %s"):format(got, found), ("%d %s"):format(code, addrs))
  return ttl
end
local NXDOMAIN, SERVFAIL = 3, 2

-- Nothing is pinned before it was asked for; then its ports are, in both families.
say("before", rig.connect(c, rig.ONE, 443), "ECONNREFUSED")
local ttl = asks("api.test", 0, rig.ONE .. " " .. rig.TWO)
say("ttl", ttl <= 20 and ttl >= 19, true)
say("pinned", rig.connect(c, rig.ONE, 443), "ok")
say("all of the answer", rig.connect(c, rig.TWO, 443), "ok")
say("another port", rig.connect(c, rig.ONE, 8443), "ECONNREFUSED")
say("the other family before", rig.connect(c, rig.SIX, 443), "ECONNREFUSED")
asks("api.test", 0, rig.SIX, { kind = "AAAA" })
say("IPv6", rig.connect(c, rig.SIX, 443), "ok")
say("IPv6 another port", rig.connect(c, rig.SIX, 80), "ECONNREFUSED")
asks("API.Test", 0, rig.ONE .. " " .. rig.TWO)
asks("api.test", 0, rig.ONE .. " " .. rig.TWO, { tcp = true })
check.equal(dns.asked(rig.DNS, "api.test"), 2, "cached")

-- What is not listed does not exist, and is never asked for.
for _, what in ipairs { "hidden.test", "w.test", "x.api.test", "w.test.evil", "api.test.", "secret.hidden.test" } do
  if what ~= "api.test." then asks(what, NXDOMAIN, "") end
end
check.equal(dns.asked(rig.DNS, "hidden.test"), 0, "no query leaves")
assert(rig.denied(c, { name = "hidden.test", by = "dns" }), "a denial")
asks("a.w.test", 0, rig.TWO)
asks("gone.test", NXDOMAIN, "")
asks("only4.test", 0, "", { kind = "AAAA" })
-- Labels that only look like others: a NUL, and a dot in a label.
for _, label in ipairs { "api\0", "api.test" } do
  local query = dns.query("x", "A"):sub(1, 12) .. string.pack("s1", label) .. (label == "api\0" and "\4test" or "") .. "\0\0\1\0\1"
  local reply = dns.udp(query, { netns = c.netns, server = "127.0.0.11" })
  say(("label %q"):format(label), dns.parse(reply).code == NXDOMAIN or label == "api.test", true)
end

-- Other types are empty, also those that carry addresses.
for _, kind in ipairs { 65, 64, 33, 16, 15, 12, 255 } do
  local reply = dns.parse(dns.udp(dns.query("api.test", kind), { netns = c.netns, server = "127.0.0.11" }))
  say("type " .. kind, ("%d %d"):format(reply.code, #reply.records), "0 0")
end

-- Lifetimes.
say("ttl 0", asks("zero.test", 0, "192.0.2.20"), 0)
say("ttl 0 is pinned", rig.connect(c, "192.0.2.20", 443), "ok")
say("a day", asks("long.test", 0, "192.0.2.21"), 270)
for _, pin in ipairs(rig.pins(c)) do
  say("the pin of " .. pin.addr, pin.seconds > 45 and pin.seconds <= 300, true)
  if pin.addr == "192.0.2.21" then say("outlives its answer", pin.seconds > 270, true) end
end

-- Aliases: the end of the chain has the ports of the asked name, not those of its own.
asks("www.alias.test", 0, rig.TWO)
say("alias", rig.connect(c, rig.TWO, 8443), "ok")
asks("far.alias.test", 0, "192.0.2.22")
say("far alias", rig.connect(c, "192.0.2.22", 8443), "ok")
say("another port of an alias", rig.connect(c, "192.0.2.22", 443), "ECONNREFUSED")
asks("loop.alias.test", SERVFAIL, "")
asks("round.alias.test", SERVFAIL, "")
asks("poison.test", 0, rig.ONE)
say("a record beside the answer", rig.connect(c, "192.0.2.99", 443), "ECONNREFUSED")

-- Answers that lead elsewhere.
local before = rig.packets()
asks("bad.test", 0, "")
asks("bad.test", 0, "", { kind = "AAAA" })
assert(rig.denied(c, { name = "bad.test", by = "dns" }), "a denial of an answer")
asks("mixed.test", 0, rig.ONE)
asks("dns64.test", 0, "64:ff9b::c000:207", { kind = "AAAA" })
-- A range of the rules decides about a private address, not the name.
asks("ranged.test", 0, "10.7.0.9")
say("a private address by its name", rig.connect(c, "10.7.0.9", 443), "ECONNREFUSED")
check.equal(rig.packets(), before, "no packet left")

-- Protocols and wide ranges.
asks("udp.test", 0, rig.ONE)
say("udp", rig.udp(c, rig.ONE, 443), "ok")
say("udp elsewhere", rig.udp(c, rig.ONE, 53) ~= "ok", true)
asks("wide.test", 0, rig.TWO)
say("wide", rig.connect(c, rig.TWO, 8443), "ok")
done()

check.succeeds("rm", "-f", "c")
rig.down()
check.equal(require("sockets").ruleset(), "", "nothing is left")
