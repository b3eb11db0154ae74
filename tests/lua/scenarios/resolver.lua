-- The container's resolver asks name servers as the C library does: the next one after a failure or a silence, TCP after a
-- truncated answer, with the timeout, the attempts and the rotation of resolv.conf. Answers pass through unchanged.
local check = require "check"
local dns = require "dns"
local net = require "networked"
local sockets = require "sockets"
net.needs()
sockets.needed()

local outside <close> = tiny.netns()
local addrs = {}
for n = 50, 59 do addrs[#addrs + 1] = ("192.0.2.%d/24"):format(n) end
tiny.veth_pair({ name = "test0", addr = "192.0.2.1/24" }, { name = "eth0", netns = outside, addr = addrs })

local ADDR = { addrs = { "198.51.100.9" }, ttl = 60 }
local many = {}
for n = 1, 100 do many[n] = "198.51.100." .. n end

-- A server with answers of every size, which sends only what fits.
local function large(query, question, proto)
  local max = proto == "udp" and question.max or 65535
  if question.name == "none.example" then return tiny.dns_answer(query, { code = "NXDOMAIN" }) end
  if question.name == "rude.example" then return tiny.dns_answer(query, { addrs = many }) end
  return tiny.dns_answer(query, { addrs = question.name == "large.example" and many or ADDR.addrs, max = max, ttl = 60 })
end
local function coded(code)
  return function(query) return tiny.dns_answer(query, { code = code }) end
end
local function late(seconds)
  return function(query)
    tiny.poll({}, seconds)
    return tiny.dns_answer(query, ADDR)
  end
end
local servers <close> = setmetatable({
  dns.server(outside, "192.0.2.50", large, true),
  dns.server(outside, "192.0.2.51", coded "SERVFAIL"),
  dns.server(outside, "192.0.2.52", coded "REFUSED"),
  dns.server(outside, "192.0.2.53", function() return nil end),
  dns.server(outside, "192.0.2.54", late(3)),
  dns.server(outside, "192.0.2.55", large), -- without TCP
  dns.server(outside, "192.0.2.56", function(query) return tiny.dns_answer(query, ADDR) end),
  -- One that answers another question first.
  dns.server(outside, "192.0.2.57", function(query, question)
    if question.name == "forged.example" then return tiny.dns_answer(query:sub(1, 2) .. dns.query("other.example", "A"):sub(3), { addrs = { "203.0.113.1" } }) end
    return tiny.dns_answer(query, ADDR)
  end),
}, { __close = function(list) for _, child in ipairs(list) do tiny.kill(child, "SIGKILL") end end })

-- Runs f(options for dns.udp and dns.tcp) with a container that has these servers.
local function with(list, options, f)
  local words = { "run", "-d", "--name", "asks", "--network", "bridge" }
  for _, server in ipairs(list) do table.move({ "--dns", server }, 1, 2, #words + 1, words) end
  for _, option in ipairs(options) do table.move({ "--dns-option", option }, 1, 2, #words + 1, words) end
  table.move({ "sleep", "100" }, 1, 2, #words + 1, words)
  check.succeeds(table.unpack(words))
  local pid = tonumber((check.succeeds("inspect", "asks", "--format", "state.pid")))
  local netns <close> = tiny.open_ns("net", ("/proc/%d/ns/net"):format(pid))
  f { netns = netns, server = "127.0.0.11" }
  check.succeeds("rm", "-f", "asks")
end
-- The length of what a client receives that sends a query and closes its side of the connection.
local HALF = [[exec perl -MIO::Socket::IP -e 'alarm 10; my $s = IO::Socket::IP->new(Proto => "tcp", PeerAddr => "127.0.0.11", PeerPort => 53) or die;
  my $q = pack("H*", shift); $s->syswrite(pack("n", length $q) . $q); $s->shutdown(1); my $n = 0; $n += length while <$s>; print $n' ]]
local function half_closed(netns, query)
  local p = sockets.inside(netns, function() return io.popen(HALF .. query:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end)
  local text = p:read("a")
  p:close()
  return tonumber(text)
end
local function timed(f)
  local start = tiny.clock("monotonic")
  local result = f()
  return result, tiny.clock("monotonic") - start
end
-- The only server's reply to a name, and the seconds that it took.
local function lookup(o, name)
  local bytes, seconds = timed(function() return dns.udp(dns.query(name, "A"), o) end)
  return bytes and dns.parse(bytes), seconds
end

with({ "192.0.2.50" }, {}, function(o)
  -- 512 bytes without EDNS: what fits, marked; the rest by TCP.
  local reply = dns.parse(dns.udp(dns.query("large.example", "A"), o))
  assert(reply.cut and reply.size <= 512 and #reply.records > 20, "a part")
  check.equal(reply.opt, nil, "no EDNS")
  reply = dns.parse(dns.tcp({ dns.query("large.example", "A") }, o))
  check.equal(#reply.records, 100)
  check.equal(reply.cut, false)
  -- With EDNS, the whole by UDP.
  reply = dns.parse(dns.udp(dns.query("large.example", "A", 4096), o))
  check.equal(#reply.records, 100)
  check.equal(reply.opt, 1232)
  -- A server that sends more than the client accepts.
  reply = dns.parse(dns.udp(dns.query("rude.example", "A"), o))
  assert(reply.cut and reply.size <= 512, reply.size)
  -- Several queries in one connection, as the C library sends them.
  local a, b, c = dns.tcp({ dns.query("one.example", "A"), dns.query("large.example", "A"), dns.query("none.example", "AAAA") }, o)
  check.equal(#dns.parse(a).records, 1)
  check.equal(#dns.parse(b).records, 100)
  check.equal(dns.parse(c).code, 3)
  local all = {}
  for n = 1, 40 do all[n] = dns.query(("n%d.example"):format(n), "A") end
  check.equal(#{ dns.tcp(all, o) }, 40)
  -- A client that closes its side after its query still gets the answer.
  check.equal(half_closed(o.netns, dns.query("large.example", "A")), 2 + #dns.tcp({ dns.query("large.example", "A") }, o))
  check.equal(check.succeeds("exec", "asks", "sh", "-c", "cat /etc/resolv.conf"), "nameserver 127.0.0.11\noptions ndots:0\n")
  -- EDNS in an answer of the resolver itself has its own size, not the client's.
  check.equal(dns.parse(dns.udp(dns.query("asks", "A", 4096), o)).opt, 1232)
  check.equal(dns.parse(dns.udp(dns.query("asks", "A"), o)).opt, nil)
end)

-- The next server after SERVFAIL, REFUSED, a closed port and a silence; a failure of all is passed on.
for first, limit in pairs { ["192.0.2.51"] = 2, ["192.0.2.52"] = 2, ["192.0.2.58"] = 2, ["192.0.2.53"] = 4 } do
  with({ first, "192.0.2.50" }, {}, function(o)
    local reply, seconds = lookup(o, "one.example")
    check.equal(#reply.records, 1, first)
    assert(seconds < limit, seconds)
    -- A silent server is asked last for a while.
    reply, seconds = lookup(o, "two.example")
    check.equal(#reply.records, 1, first)
    assert(seconds < 2, seconds)
  end)
end
with({ "192.0.2.51", "192.0.2.52" }, {}, function(o)
  check.equal(lookup(o, "failing.example").code, 2)
  check.equal(dns.asked("192.0.2.51", "failing.example"), 1)
  check.equal(dns.asked("192.0.2.52", "failing.example"), 1)
end)
with({ "192.0.2.58" }, {}, function(o)
  local reply, seconds = lookup(o, "one.example")
  check.equal(reply.code, 2, "a closed port")
  assert(seconds < 2, seconds)
end)
-- A name that does not exist is an answer: no other server is asked.
with({ "192.0.2.50", "192.0.2.56" }, {}, function(o)
  check.equal(lookup(o, "none.example").code, 3)
  check.equal(dns.asked("192.0.2.56", "none.example"), 0)
end)
-- A server that takes three seconds, alone and next to a silent one.
for _, list in ipairs { { "192.0.2.54" }, { "192.0.2.53", "192.0.2.54" } } do
  with(list, {}, function(o) check.equal(#lookup(o, "slow.example").records, 1) end)
end
-- A server without TCP: a large answer is cut, a small one whole.
with({ "192.0.2.55" }, {}, function(o)
  check.equal(#dns.parse(dns.tcp({ dns.query("small.example", "A") }, o)).records, 1)
  assert(#dns.parse(dns.tcp({ dns.query("large.example", "A") }, o)).records > 20)
end)

-- timeout, attempts, rotate, use-vc; the container's own C library has the same options.
with({ "192.0.2.53" }, { "timeout:1", "attempts:3" }, function(o)
  local reply, seconds = lookup(o, "silent.example")
  check.equal(reply.code, 2)
  assert(seconds >= 2.9 and seconds < 5, seconds)
  check.equal(dns.asked("192.0.2.53", "silent.example"), 3)
  check.equal(check.succeeds("exec", "asks", "cat", "/etc/resolv.conf"), "nameserver 127.0.0.11\noptions timeout:1 attempts:3 ndots:0\n")
end)
with({ "192.0.2.50", "192.0.2.56" }, { "rotate", "ndots:2" }, function(o)
  for n = 1, 4 do check.equal(#lookup(o, ("turn%d.example"):format(n)).records, 1) end
  local count = 0
  for n = 1, 4 do count = count + dns.asked("192.0.2.56", ("turn%d.example"):format(n)) end
  check.equal(count, 2, "rotation")
  check.equal(check.succeeds("exec", "asks", "tail", "-n1", "/etc/resolv.conf"), "options rotate ndots:2\n")
end)
with({ "192.0.2.50" }, { "use-vc" }, function(o)
  check.equal(#lookup(o, "stream.example").records, 1)
  check.equal(dns.asked("192.0.2.50", "stream.example", "tcp"), 1)
  check.equal(dns.asked("192.0.2.50", "stream.example", "udp"), 0)
end)
-- A reply to another question is ignored.
with({ "192.0.2.57" }, { "timeout:1", "attempts:1" }, function(o) check.equal(lookup(o, "forged.example").code, 2) end)

-- The host's resolv.conf: search domains, and the options that the container does not set itself.
tiny.write_file("/tmp/resolv.conf", "domain first.example\nsearch example corp.example\nnameserver 192.0.2.53 # silent\nnameserver 192.0.2.50\noptions timeout:2 edns0\noptions attempts:1\n")
local hosts_own <close> = tiny.mount_bind("/tmp/resolv.conf", "/etc/resolv.conf")
with({}, {}, function(o)
  check.equal(check.succeeds("exec", "asks", "cat", "/etc/resolv.conf"), "nameserver 127.0.0.11\nsearch example corp.example\noptions timeout:2 edns0 attempts:1 ndots:0\n")
  local reply, seconds = lookup(o, "host.example")
  check.equal(#reply.records, 1)
  assert(seconds >= 0.9 and seconds < 2, seconds)
end)
with({}, { "timeout:1" }, function()
  check.equal(check.succeeds("exec", "asks", "tail", "-n1", "/etc/resolv.conf"), "options timeout:1 ndots:0\n")
end)
check.equal(check.succeeds("run", "--rm", "--network", "host", "--dns-opt", "rotate", "tail", "-n1", "/etc/resolv.conf"), "options rotate\n")
net.refused({ "run", "--network", "bridge", "--dns-option", "a b", "true" }, 'dns_options: "a b" is not an option of resolv.conf\n  hint: such as timeout:2, rotate or ndots:1\n')

-- A renamed container has its new name on its networks, and no longer the old one; aliases stay.
check.succeeds("run", "-d", "--name", "old", "--network", "bridge", "--network-alias", "also", "sleep", "100")
check.succeeds("rename", "old", "new")
with({ "192.0.2.58" }, {}, function(o)
  for name, code in pairs { new = 0, old = 2, also = 0 } do check.equal(lookup(o, name).code, code, name) end
end)
check.succeeds("restart", "-t", "0", "new")
check.succeeds("rm", "-f", "new")

-- Without a network: localhost and the own name are in /etc/hosts, and a read-only root is no error.
local text = check.succeeds("run", "--rm", "--name", "alone", "--hostname", "h", "--network", "none", "cat", "/etc/hosts")
check.equal(text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\th alone\n")
check.no_container()
net.nothing_left()
