-- The rules of egress: what each form allows, what is refused and why, and that their number does not matter.
local check = require "check"
local address = require "tiny.egress.address"
local rules = require "tiny.egress.rules"

local function shown(entries)
  local list = {}
  for _, e in ipairs(entries or {}) do table.insert(list, ("%s %d-%d%s"):format(e.protocol, e.first, e.last, e.verify and " " .. e.verify or "")) end
  return table.concat(list, ", ")
end

local policy = rules.parse {
  "api.github.com", "*.pypi.org:443", "DNS.example.:53/udp", "many.example:80,443,8000-8010", "all.example:*", "db:5432", "files.pypi.org:22",
  "10.0.0.0/8:5432/tcp", "10.1.0.0/16:5000-6000", "192.0.2.7", "[2001:db8::/32]:443", "2001:db8:1::5", "192.0.2.9/udp",
  { name = "table.example", ports = { 443, "8000-8010" }, verify = "sni" }, { cidr = "198.51.100.0/24", ports = 25 }, { name = "*.under.example", ports = "*", protocol = "udp" },
}
for name, want in pairs {
  ["api.github.com"] = "tcp 80-80, tcp 443-443", ["github.com"] = "", ["x.api.github.com"] = "", ["a.pypi.org"] = "tcp 443-443", ["a.b.pypi.org"] = "tcp 443-443",
  ["pypi.org"] = "", ["xpypi.org"] = "", ["files.pypi.org"] = "tcp 22-22, tcp 443-443", ["dns.example"] = "udp 53-53", ["many.example"] = "tcp 80-80, tcp 443-443, tcp 8000-8010",
  ["all.example"] = "tcp 1-65535", db = "tcp 5432-5432", ["table.example"] = "tcp 443-443 sni, tcp 8000-8010 sni", ["a.under.example"] = "udp 1-65535",
} do
  check.equal(shown(rules.match(policy, name)), want, name)
end
check.equal(shown(rules.match(policy, "files.pypi.org")), "tcp 22-22, tcp 443-443", "a match changes nothing")
for _, case in ipairs {
  { "10.9.9.9", "tcp", 5432, true }, { "10.9.9.9", "tcp", 5433, false }, { "10.1.9.9", "tcp", 5433, true }, { "11.0.0.1", "tcp", 5432, false }, { "192.0.2.7", "tcp", 80, true },
  { "192.0.2.7", "udp", 80, false }, { "192.0.2.9", "udp", 443, true }, { "2001:db8:ffff::1", "tcp", 443, true }, { "2001:db8:1::5", "tcp", 80, true }, { "198.51.100.3", "tcp", 25, true },
  { "nonsense", "tcp", 25, false },
} do
  check.equal(rules.covers(policy, case[1], case[2], case[3]), case[4], table.concat({ case[1], case[2], case[3] }, " "))
end
check.equal(#rules.parse({ "none" }).rules, 1)
check.equal(rules.match(rules.parse { "none" }, "none"), nil)

-- Ranges for the kernel do not overlap, and allow the same.
local apart = rules.apart(rules.parse { "10.0.0.0/8:100-200", "10.1.0.0/16:150-250", "10.1.2.0/24:100-250", "10.0.0.0/8:150-220", "10.1.2.3:7/udp" })
table.sort(apart, function(a, b) return a.cidr .. a.first < b.cidr .. b.first end)
local list = {}
for _, r in ipairs(apart) do table.insert(list, ("%s %s %d-%d"):format(r.cidr, r.protocol, r.first, r.last)) end
check.equal(table.concat(list, ", "), "10.0.0.0/8 tcp 100-200, 10.0.0.0/8 tcp 201-220, 10.1.0.0/16 tcp 221-250, 10.1.2.3/32 udp 7-7")

-- What is wrong, and what to write instead.
for text, want in pairs {
  ["*"] = "it would allow every name", ["*.com"] = "it would allow every name below .com", ["a.*.com"] = "* stands for whole labels at the beginning",
  ["*a.example.com"] = "* stands for whole labels at the beginning", ["a..b"] = "a name has no empty label", ["-a.example"] = '"-a" is not a label of a host name',
  ["b\195\188cher.example"] = '"bücher" is not a label of a host name', ["a\0b"] = "it has a character that no rule has", ["a b"] = "it has a character that no rule has",
  ["https://api.github.com/"] = "a rule is no URL", ["example.com:0"] = '"0" is not a port', ["example.com:65536"] = '"65536" is not a port', ["example.com:http"] = '"http" is not a port',
  ["example.com:90-80"] = "the ports 90-80 go backwards", ["example.com:443/tpc"] = 'unknown protocol "tpc"; did you mean "tcp"?', ["example.com:443/quic"] = 'unknown protocol "quic"',
  ["10.0.0.300"] = "not an address", ["10.0.0.5/8"] = "the address has bits beyond its prefix length", ["10.0.0.0/33"] = "a name has no path, and only an address a prefix length",
  ["2001:db8::1:443x"] = "an IPv6 address with ports is in brackets", ["[fe80::zz]:1"] = '"fe80::zz" is not an address', ["[::1]x"] = "after ] comes :PORTS", [":443"] = "it has no name",
  ["127.0.0.1"] = "loopback addresses are never reachable", ["169.254.169.254:80"] = "metadata addresses are never reachable", ["[fd00:ec2::254]:80"] = "metadata addresses are never reachable",
  ["[::ffff:127.0.0.1]:80"] = "loopback addresses are never reachable", ["fe80::1"] = "link-local addresses are never reachable", ["224.0.0.1"] = "multicast addresses are never reachable",
  [("a"):rep(64) .. ".example"] = "a label is longer than 63 characters", [("a."):rep(127) .. "example"] = "a name is longer than 253 characters", ["a/b"] = 'unknown protocol "b"', [""] = "it has no name",
  ["example.com:,"] = '"" is not a port', ["example.com:443,"] = '"" is not a port', ["example.com:*-5"] = '"*-5" is not a port',
} do
  local _, err = tiny.try(rules.parse, { text })
  local got = err and err.message or "allowed"
  assert(got:sub(-#want) == want, ("%q: %s, want %s"):format(text, got, want))
  assert(err.hint, text)
end
for want, rule in pairs {
  ['unknown key "port"; did you mean "ports"?'] = { name = "a.example", port = 443 }, ["it has a name or a cidr"] = { ports = { 443 } }, ['unknown verify "sny"; did you mean "sni"?'] = { name = "a.example", verify = "sny" },
  ["only TCP connections can be verified"] = { name = "a.example", protocol = "udp", verify = "sni" }, ["an address has no name to verify"] = { cidr = "192.0.2.1", verify = "sni" },
} do
  local _, err = tiny.try(rules.parse, { rule })
  assert(err and err.message:find(want, 1, true), want .. ": " .. tostring(err))
end
local _, mixed = tiny.try(rules.parse, { "none", "a.example" })
check.equal(mixed.message, 'egress: "none" allows nothing, so it has no rules beside it')

-- Classes of addresses, also inside other addresses.
for addr, want in pairs {
  ["127.0.0.1"] = "loopback", ["::ffff:127.0.0.1"] = "loopback", ["64:ff9b::7f00:1"] = "loopback", ["2002:7f00:1::"] = "loopback", ["169.254.169.254"] = "metadata", ["64:ff9b::a9fe:a9fe"] = "link-local",
  ["fd00:ec2::254"] = "metadata", ["::"] = "loopback", ["0.1.2.3"] = "loopback", ["255.255.255.255"] = "reserved",
} do
  check.equal(address.never(tiny.parse_addr(addr)), want, addr)
end
for addr, want in pairs {
  ["10.1.2.3"] = "private", ["172.16.0.1"] = "private", ["192.168.1.1"] = "private", ["100.64.0.1"] = "shared (CGNAT)", ["fd12::1"] = "private", ["64:ff9b::a00:1"] = "private",
  ["2002:c0a8:101::1"] = "private", ["::ffff:10.0.0.1"] = "private", ["8.8.8.8"] = "nil", ["2606:4700::1"] = "nil", ["172.32.0.1"] = "nil", ["64:ff9b::808:808"] = "nil", ["::10.0.0.1"] = "reserved",
} do
  check.equal(tostring(address.private(tiny.parse_addr(addr))), want, addr)
end

-- 10,000 rules: parsed once, and a name is found as fast as among few.
local large = {}
for n = 1, 10000 do large[n] = n % 4 == 0 and ("*.w%d.example"):format(n) or ("n%d.example:443"):format(n) end
local start = tiny.clock("monotonic")
local big = rules.parse(large)
assert(tiny.clock("monotonic") - start < 5, "parsing takes " .. tiny.clock("monotonic") - start)
start = tiny.clock("monotonic")
for n = 1, 20000 do assert(rules.match(big, n % 2 == 0 and "n9999.example" or "a.b.w10000.example")) end
assert(tiny.clock("monotonic") - start < 2, "20000 matches take " .. tiny.clock("monotonic") - start)
