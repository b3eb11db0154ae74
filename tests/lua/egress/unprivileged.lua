-- Egress rules of an unprivileged user's containers, through pasta and slirp4netns: only listed names and ranges are reached, and
-- the container's root changes nothing about it.
local check = require "check"
local dns = require "dns"
local ordinary = require "ordinary"
local rig = require "egress_rig"

ordinary.make()
ordinary.tun()
rig.network = "pasta"
rig.up()
rig.zone {
  ["api.test"] = { A = { rig.ONE }, AAAA = { rig.SIX } },
  ["evil.test"] = { A = { "127.0.0.1", rig.HOST, rig.HOST2, "169.254.169.254" }, AAAA = { "::1", rig.HOST6 } },
  ["slirp.test"] = { A = { "10.0.2.2", "10.0.2.3" }, AAAA = { "fd00::2", "fd00::3" } },
}

-- A place that the rules list for UDP.
local FREE = "192.0.2.50"

-- Each attempt fails quickly.
local function refused(c, what, addr, port)
  local code, ms = rig.connect(c, addr, port)
  assert(code ~= "ok", what .. " is reached")
  assert(ms < 1000, ("%s: %s after %.0f ms"):format(what, code, ms))
end

-- Names, ports and both families.
local function names(c)
  local before = rig.packets()
  check.equal(rig.connect(c, rig.ONE, 443), "ECONNREFUSED", "before its name was resolved")
  refused(c, "IPv6 before its name was resolved", rig.SIX, 443)
  check.equal(rig.packets(), before, "packets of denied connections")
  check.equal(select(2, rig.lookup(c, "api.test")), rig.ONE)
  check.equal(select(2, rig.lookup(c, "api.test", { kind = "AAAA" })), rig.SIX)
  check.equal(select(2, rig.lookup(c, "api.test", { tcp = true })), rig.ONE)
  check.equal(rig.connect(c, rig.ONE, 443), "ok")
  check.equal(rig.connect(c, rig.SIX, 443), "ok")
  local _, _, stream = rig.connect(c, rig.ONE, 443)
  assert(rig.echoes(stream), "no data")
  stream:close()
  check.equal(rig.lookup(c, "other.test"), 3, "a name without a rule")
  assert(rig.denied(c, { name = "other.test", by = "dns" }), "no event")
  -- Addresses of the host, which the rules would allow.
  for _, name in ipairs { "evil.test", rig.network == "slirp4netns" and "slirp.test" or nil } do
    for _, kind in ipairs { "A", "AAAA" } do check.equal(select(2, rig.lookup(c, name, { kind = kind })), "", name) end
  end
end

-- In networks with pasta, other hosts may have these addresses.
local SLIRP = { ["slirp4netns' host"] = "10.0.2.2", ["its name server"] = "10.0.2.3", ["its host, IPv6"] = "fd00::2", ["its name server, IPv6"] = "fd00::3" }

-- Everything that leads to the host, past the resolver, or to another address. The rules list wide ranges.
local function ways_out(c)
  local before = rig.packets()
  for _, port in ipairs { 80, 8080 } do
    for what, addr in pairs {
      ["the router"] = c.gateway, ["the host"] = rig.HOST, ["the host's second address"] = rig.HOST2, ["the host, IPv6"] = rig.HOST6,
      ["pasta's name server"] = "169.254.1.1", metadata = "169.254.169.254", ["metadata, IPv6"] = "fd00:ec2::254",
      ["another address"] = "192.0.2.9", ["another, IPv6"] = "2001:db8:5::5",
    } do
      refused(c, what .. ", port " .. port, addr, port)
    end
    for what, addr in pairs(rig.network == "slirp4netns" and SLIRP or {}) do refused(c, what .. ", port " .. port, addr, port) end
  end
  for what, addr in pairs { host = rig.HOST, ["second address"] = rig.HOST2, slirp = "10.0.2.3", pasta = "169.254.1.1", router = c.gateway } do
    check.equal(rig.udp(c, addr, 53, "200ms") == "ok", false, what .. ", UDP")
  end
  check.equal(rig.udp(c, rig.ONE, 443, "200ms") == "ok", false, "QUIC")
  check.equal(dns.udp(dns.query("api.test", "A"), { netns = c.netns, server = rig.DNS, wait = 0.3 }), nil, "another name server")
  refused(c, "DNS over TCP", rig.DNS, 53)
  refused(c, "DNS over TLS", rig.ONE, 853)
  check.equal(rig.packets(), before, "packets that arrive in the world")
end

-- A UDP datagram in a frame that passes the container's own network stack: from, to, port.
local RAW = [[use Socket; socket(S, 17, 2, 0) or die "socket: $!"; open F, "/sys/class/net/eth0/ifindex"; my $i = int(<F>);
open A, "ip neigh show dev eth0|"; my ($mac) = map { /^10\.\S+ lladdr (\S+)/ ? $1 : () } <A>; $mac =~ s/://g or die "no neighbor";
sub sum { my $s = 0; $s += $_ for unpack "n*", $_[0]; $s = ($s & 0xffff) + ($s >> 16) while $s >> 16; ~$s & 0xffff }
my ($from, $to, $port) = @ARGV; my $u = pack "nnnn", 4000, $port, 8 + 4, 0;
my $h = pack "CCnnnCCna4a4", 0x45, 0, 32, 0, 0, 64, 17, 0, inet_aton($from), inet_aton($to); substr($h, 10, 2) = pack "n", sum($h);
send(S, $h . $u . "mark", 0, pack("SnlSCCH16", 17, 0x0800, $i, 0, 0, 6, $mac . "0000")) or die "send: $!"]]

-- The packets that arrive in the world after a frame.
local function arrive(c, ...)
  local before = rig.packets()
  check.succeeds("exec", "--privileged", c.name, "perl", "-e", RAW, ...)
  tiny.poll({}, "50ms")
  return rig.packets() - before
end

-- The container's root has all privileges over its own namespaces.
local function as_root(c)
  check.succeeds("exec", "--privileged", c.name, "nft", "flush", "ruleset")
  check.equal(arrive(c, c.addr, FREE, "4444"), 1, "a listed place")
  check.equal(arrive(c, "198.51.100.1", FREE, "4444"), 0, "from the host's address")
  check.equal(arrive(c, "192.0.2.77", FREE, "4444"), 0, "from another address")
  check.equal(arrive(c, c.gateway, FREE, "4444"), 0, "from the router's address")
  check.equal(arrive(c, c.addr, FREE, "4445"), 0, "to another port")
  local before = rig.packets()
  check.succeeds("exec", "--privileged", c.name, "sh", "-c",
    "ip addr add 198.51.100.99/32 dev eth0; ip -6 addr add 2001:db8:9::9/128 dev eth0 nodad; ip route add 198.51.100.8 via 10.187.143.1 src 198.51.100.99; ip -6 route add 2001:db8::8 via fd74:6c75:6172::1 src 2001:db8:9::9")
  assert(rig.connect(c, rig.TWO, 443, "300ms") ~= "ok")
  assert(rig.connect(c, "2001:db8::8", 443, "300ms") ~= "ok")
  check.equal(rig.packets(), before, "packets from other addresses")
  check.equal(rig.connect(c, rig.ONE, 443), "ok")
  refused(c, "after nft flush ruleset", "192.0.2.9", 443)
end

for _, network in ipairs { "pasta", "slirp4netns" } do
  rig.network = network
  local c = rig.container("c", { "api.test:443", "evil.test:*", "slirp.test", "10.0.0.0/8:80", "[fd00::/8]:80", "203.0.113.0/24:80", rig.HOST .. ":80", "[" .. rig.HOST6 .. "]:80", FREE .. ":4444/udp" },
    "--cap-add", "NET_ADMIN", "--cap-add", "NET_RAW")
  names(c)
  ways_out(c)
  as_root(c)
  -- The ids are those of a container without rules, and so are the owners of its files.
  check.equal(check.succeeds("exec", "c", "sh", "-c", "id -u; touch /tmp/x; stat -c %u /tmp/x"), "0\n0\n")
  check.succeeds("rm", "-f", "c")

  c = rig.container("c", { "none" })
  check.equal(rig.lookup(c, "api.test"), 3)
  refused(c, "without any rule", rig.ONE, 443)
  check.succeeds("rm", "-f", "c")
  c = rig.container("c", { rig.ONE .. ":8080", "[2001:db8::/64]:8443" })
  check.equal(rig.connect(c, rig.ONE, 8080), "ok")
  check.equal(rig.connect(c, rig.SIX, 8443), "ok")
  refused(c, "another port", rig.ONE, 8443)
  check.succeeds("rm", "-f", "c")
end
rig.down()
