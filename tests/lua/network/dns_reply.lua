-- dns_reply: the addresses of a name server's reply, and what is no reply to the question. More in src/sys/net/dns_reply.rs.
local check = require "check"
local dns = require "dns"

local query = dns.query("Web.example", "A")
local reply = tiny.dns_answer(query, { addrs = { "192.0.2.1", "192.0.2.2", "2001:db8::1" }, ttl = 60 })
local function parse(bytes, kind, name) return tiny.dns_reply(bytes, { name = name or "web.example", type = kind or "A" }) end
local found = parse(reply)
check.equal(found.code, "NOERROR")
check.equal(table.concat(found.addrs, " "), "192.0.2.1 192.0.2.2")
check.equal(found.ttl, 60)
check.equal(found.next, nil)
check.equal(found.truncated, false)
check.equal(parse(tiny.dns_answer(query, { code = "NXDOMAIN" })).code, "NXDOMAIN")
check.equal(#parse(tiny.dns_answer(query, {})).addrs, 0)
local six = tiny.dns_answer(dns.query("web.example", "AAAA"), { addrs = { "2001:db8::1" }, ttl = 9 })
check.equal(parse(six, "AAAA").addrs[1], "2001:db8::1")
for why, bytes in pairs { ["it is damaged"] = reply:sub(1, 20), ["it is no reply"] = query, ["it has another question"] = six } do
  local nothing, reason = parse(bytes)
  check.equal(nothing, nil)
  check.equal(reason, why)
end
check.equal(select(2, parse(reply, "A", "other.example")), "it has another question")
