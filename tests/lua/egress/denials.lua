-- Denials name the process: TCP and UDP, literal addresses and names, of the container's program and of `exec`.
local check = require "check"
local rig = require "egress_rig"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE } } }
local c = rig.container("c", { "api.test:443" })

local function inside(script, ...)
  return check.run { "exec", "c", "perl", "-MIO::Socket::IP", "-e", script, ... }
end

-- A denied TCP connection, fast, with the process's pid on the host and its program.
local TCP = [[ $| = 1; print "$$\n"; my $s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5); print $s ? "ok\n" : "$!\n" ]]
local result = inside(TCP, rig.TWO, "443")
assert(result.out:match("refused"), result.out .. result.err)
local found = rig.denied(c, { addr = rig.TWO, port = 443, protocol = "tcp", by = "packet", reason = "no rule allows it" })
assert(found and found.pid and found.program:match("/perl"), tiny.show(rig.denials(c)))
check.equal(found.name, nil)

-- The name is known for another port of a pinned address.
check.equal(select(2, rig.lookup(c, "api.test")), rig.ONE)
assert(inside(TCP, "api.test", "443").out:match("ok"))
assert(inside(TCP, "api.test", "22").out:match("refused"))
found = rig.denied(c, { addr = rig.ONE, port = 22 })
check.equal(found.name, "api.test")
assert(found.program:match("/perl"), tiny.show(found))

-- UDP with and without connect(2).
inside([[ my $s = IO::Socket::IP->new(Proto => "udp", PeerHost => $ARGV[0], PeerPort => 53); $s->send("x"); sleep 1 ]], rig.ONE)
found = rig.denied(c, { addr = rig.ONE, port = 53, protocol = "udp" })
assert(found and found.program:match("/perl"), tiny.show(rig.denials(c)))
inside([[ use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 0); send($s, "x", 0, pack_sockaddr_in(853, inet_aton($ARGV[0]))); sleep 1 ]], rig.ONE)
found = rig.denied(c, { addr = rig.ONE, port = 853, protocol = "udp" })
assert(found and found.program:match("/perl"), tiny.show(rig.denials(c)))

-- A call whose address is not read: the process is found by its socket.
if os.execute("command -v python3 >/dev/null") then
  check.run { "exec", "c", "python3", "-c", "import socket, sys, time; s = socket.socket(2, 2); s.sendmsg([b'x'], [], 0, (sys.argv[1], 8443)); time.sleep(1)", rig.ONE }
  found = rig.denied(c, { addr = rig.ONE, port = 8443, protocol = "udp" })
  assert(found and found.pid and found.program:match("/python"), tiny.show(rig.denials(c)))
end

-- A name that no rule has.
inside([[ gethostbyname("evil.test") ]])
found = rig.denied(c, { name = "evil.test", by = "dns" })
assert(found and found.pid and found.program:match("/perl"), tiny.show(rig.denials(c)))
check.equal(found.reason, "no rule has this name")

check.succeeds("rm", "-f", "c")

-- The container's own program, however it is confined, and with rules of its own for system calls.
local function events_of(name)
  local list = {}
  for line in check.succeeds("events", "--no-stream", "--since", "1h", "--format", "json", "--filter", "event=deny", "--filter", "container=" .. name):gmatch("[^\n]+") do
    table.insert(list, tiny.json_decode(line).attributes)
  end
  return list
end
tiny.write_file("/tmp/policy.lua", "return { cap_drop = { 'ALL' } }")
local VARIANTS = {
  init = { "--init" }, user = { "--user", "4242" }, unconfined = { "--security-opt", "seccomp=unconfined" },
  privileges = { "--security-opt", "no-new-privileges=false" }, both = { "--security-opt", "no-new-privileges=false", "--security-opt", "seccomp=unconfined", "--user", "4242" },
  policy = { "--policy", "/tmp/policy.lua" },
}
for name, words in pairs(VARIANTS) do
  local all = { "run", "--rm", "--name", name, "--network", rig.network, "--egress", "api.test", table.unpack(words) }
  table.move({ "perl", "-MIO::Socket::IP", "-e", TCP, rig.TWO, "443" }, 1, 6, #all + 1, all)
  local shown = check.run(all)
  assert(shown.out:match("refused"), name .. shown.out .. shown.err)
  local denial = events_of(name)[1]
  assert(denial and denial.pid and denial.program:match("/perl$"), name .. tiny.show(events_of(name)))
end

-- Without a network, there is nothing to watch.
check.succeeds("run", "--rm", "--network", "none", "--egress", "none", "true")
rig.down()
