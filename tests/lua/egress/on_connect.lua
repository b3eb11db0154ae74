-- on_connect decides on each new connection: what it gets, its answers, its errors; datagrams; rules beside it; a supervisor that
-- was killed.
local check = require "check"
local rig = require "egress_rig"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE } }, ["other.test"] = { A = { rig.TWO } } }

local RECIPE, LOG = "/tmp/recipe.lua", "/tmp/asked"
local BODY = [[
return require("tiny.container").new {
  name = "c", command = { "sleep", "1000" }, network = "six", RULES
  on_connect = function(ctx, c)
    tiny.append_file("/tmp/asked", ("%s %s %d %s %s %s\n"):format(c.name, c.addr, c.port, c.protocol, c.program, type(c.pid)))
    if c.port == 443 then return c.allow() end
    if c.port == 8080 then error("no answer") end
    if c.port == 8443 then return true end
    if c.port == 22 then return c.ask() end
    return c.deny()
  end,
}]]

-- Also an unprivileged user's supervisor appends to it.
local function clear()
  tiny.write_file(LOG, "", { mode = tonumber("666", 8) })
end

local function start(rules)
  tiny.write_file(RECIPE, (BODY:gsub("RULES", rules):gsub('"six"', ("%q"):format(rig.network))))
  clear()
  check.succeeds("run", "-d", RECIPE)
  return rig.find("c")
end

local function asked()
  local text = tiny.read_file(LOG)
  clear()
  return text
end

-- A program in the container connects: "ok", or why it could not.
local CONNECT = [[ my $s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5); print $s ? "ok" : "$!" ]]
local function connect(addr, port)
  return check.run { "exec", "c", "perl", "-MIO::Socket::IP", "-e", CONNECT, addr, tostring(port) }.out
end

local c = start ""
check.equal(connect(rig.ONE, 443), "ok")
local first = asked()
assert(first:match("^nil 198%.51%.100%.7 443 tcp /%S+/perl number\n$"), first)
check.equal(connect("api.test", 443), "ok")
assert(asked():match("api%.test 198%.51%.100%.7 443 tcp"), "the name")

-- Denied: by the function, by its error, by an answer that is none, and by ask without a terminal.
for port, reason in pairs { [80] = "denied by on_connect", [8080] = "on_connect failed", [8443] = "on_connect failed", [22] = "on_connect asks, and the run has no terminal" } do
  check.equal(connect("other.test", port), "Connection refused", "port " .. port)
  local found = rig.denied(c, { port = port, by = "connect" })
  check.equal(found and found.reason, reason)
  check.equal(found.name, "other.test")
  assert(found.program:match("/perl"), tiny.show(found))
end
local log = check.succeeds("inspect", "-f", "remarks", "c")
assert(log:match("on_connect: .*no answer") and log:match("on_connect: it returned true, which is none of"), log)

-- DNS alone allows nothing, nor does a connection without connect(2): a process outside of the container's filter.
check.equal(select(2, rig.lookup(c, "other.test")), rig.TWO)
check.equal(rig.connect(c, rig.TWO, 443), "ECONNREFUSED")

-- Each connection is asked about; a datagram belongs to the flow of the one before it.
asked()
check.equal(connect(rig.ONE, 443) .. connect(rig.ONE, 443), "okok")
check.equal(select(2, asked():gsub("\n", "")), 2)
local UDP = [[ use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 0); $r = pack_sockaddr_in(443, inet_aton($ARGV[0])); for (1 .. 3) { send($s, "x", 0, $r) or die "$!"; recv($s, $got, 9, 0); print $got } ]]
check.equal(check.run { "exec", "c", "perl", "-MIO::Socket::IP", "-e", UDP, rig.ONE }.out, "xxx")
local once = asked()
assert(once:match("^api%.test 198%.51%.100%.7 443 udp [^\n]*\n$"), once)

-- What is never allowed is not allowed by a function either.
check.equal(connect(rig.HOST, 443), "Connection refused")
assert(rig.denied(c, { addr = rig.HOST, port = 443 }), tiny.show(rig.denials(c)))
check.equal(connect("127.0.0.1", 443), "Connection refused")
assert(not asked():match("127%.0%.0%.1"), "loopback is the container's own")

-- Without its supervisor, connections fail fast. The next one calls the function again, for programs of the first as well.
local LOOP = [[ $| = 1; while (<STDIN>) { my $s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => 443, Timeout => 5); print $s ? "ok\n" : "$!\n" } ]]
local input, feed = tiny.pipe()
local out, out_end = tiny.pipe()
local program <close> = tiny.fork(function()
  tiny.dup2(input, 0)
  tiny.dup2(out_end, 1)
  feed:close()
  tiny.exec { "/proc/self/exe", "--root", check.root, "exec", "-i", "c", "perl", "-MIO::Socket::IP", "-e", LOOP, rig.ONE }
end)
local function again()
  feed:write("\n")
  check.equal(tiny.poll({ out }, "20s")[1], out)
  return out:read()
end
check.equal(again(), "ok\n")
local supervisor <close> = tiny.pidfd_open(c.supervisor)
tiny.kill(supervisor, "SIGKILL")
check.reaped(supervisor)
local before = tiny.clock("monotonic")
tiny.poll({}, "100ms")
asked()
local answer = again()
assert(answer == "ok\n" or answer == "Connection refused\n", answer) -- the pin of the last one may still live
assert(tiny.clock("monotonic") - before < 2, "fast")
check.equal(asked(), "", "nobody was asked")
check.succeeds("ps")
check.equal(again(), "ok\n")
assert(asked():match("443 tcp"), "the new supervisor is asked")
feed:close()
program:wait()
check.succeeds("rm", "-f", "c")

-- With rules, only what they allow is asked about.
c = start 'egress = { "api.test:443", "198.51.100.8/32:80" },'
check.equal(connect("api.test", 443), "ok")
assert(asked():match("api%.test"))
assert(connect("other.test", 443) ~= "ok")
check.equal(connect(rig.TWO, 443), "Connection refused")
check.equal(rig.denied(c, { addr = rig.TWO, port = 443, by = "connect" }).reason, "no rule allows it")
check.equal(connect(rig.TWO, 80), "Connection refused")
check.equal(rig.denied(c, { addr = rig.TWO, port = 80, by = "connect" }).reason, "denied by on_connect")
check.succeeds("rm", "-f", "c")
rig.down()
