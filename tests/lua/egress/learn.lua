-- egress_learn: every connection is allowed and written as a rule, in a policy that `run --policy` enforces; together with
-- system calls; addresses that are never allowed are not.
local check = require "check"
local rig = require "egress_rig"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE }, AAAA = { rig.SIX } }, ["other.test"] = { A = { rig.TWO } } }

local SCRIPT = [[
use Socket;
for (["api.test", 443], ["198.51.100.8", 8443], ["2001:db8::7", 80], ["198.51.100.1", 443], ["169.254.169.254", 80]) {
  my $s = IO::Socket::IP->new(PeerHost => $_->[0], PeerPort => $_->[1], Timeout => 5);
  print $s ? "ok " : "no ";
}
socket(my $s, AF_INET, SOCK_DGRAM, 0);
if (send($s, "x", 0, pack_sockaddr_in(53, inet_aton("198.51.100.7")))) { recv($s, $got, 9, 0); print $got } else { print "no" }
]]
local function with(...)
  local words = { "run", "--rm", "--name", "c", "--network", "six", ... }
  table.move({ "perl", "-MIO::Socket::IP", "-e", SCRIPT }, 1, 4, #words + 1, words)
  return check.run(words)
end

local learned = with("--egress-learn", "policy.lua")
check.equal(learned.out, "ok ok ok no no x", learned.err)
local policy = tiny.load_recipe("policy.lua")()
-- api.test's IPv4 address was the target of the datagram, and its IPv6 address that of the third connection.
check.equal(table.concat(policy.egress, " "), "198.51.100.8:8443 api.test:443 api.test:53/udp api.test:80", tiny.read_file("policy.lua"))
check.equal(policy.seccomp, nil)
check.equal(with("--policy", "policy.lua").out, "ok ok ok no no x")

-- What was not learned is denied.
local other = check.run { "run", "--rm", "--network", "six", "--policy", "policy.lua", "perl", "-MIO::Socket::IP", "-e",
  'print IO::Socket::IP->new(PeerHost => "198.51.100.8", PeerPort => 22, Timeout => 5) ? "ok" : "$!"' }
check.equal(other.out, "Connection refused")

-- System calls and connections in one policy.
check.equal(with("--learn", "both.lua", "--egress-learn", "both.lua").out, "ok ok ok no no x")
local both = tiny.load_recipe("both.lua")()
check.equal(#both.egress, 4)
assert(#both.seccomp.allow > 20 and both.landlock, tiny.read_file("both.lua"))
local confined = with("--policy", "both.lua")
check.equal(confined.out, "ok ok ok no no x", confined.err)

-- Rules limit what is learned.
check.equal(with("--egress-learn", "listed.lua", "--egress", "api.test:443").out, "ok no no no no no")
assert(table.concat(tiny.load_recipe("listed.lua")().egress, " "):match("api%.test:443"))

tiny.write_file("r.lua", [[return require("tiny.container").new { command = "true", egress_learn = "p.lua", on_connect = function(_, c) return c.deny() end }]])
check.refused("r.lua: egress_learn cannot be combined with on_connect\n  hint: leave one of them out", "run", "r.lua")
rig.down()
