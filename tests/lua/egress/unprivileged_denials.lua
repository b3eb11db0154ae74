-- An unprivileged user's containers: denials name the process, on_connect and its pins, learning, and a supervisor that was killed.
local check = require "check"
local ordinary = require "ordinary"
local rig = require "egress_rig"

ordinary.make()
ordinary.tun()
rig.network = "pasta"
rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE } }, ["other.test"] = { A = { rig.TWO } } }

local CONNECT = [[ my $s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5); print $s ? "ok" : "$!" ]]
local function connect(addr, port)
  return check.run { "exec", "c", "perl", "-MIO::Socket::IP", "-e", CONNECT, addr, tostring(port) }.out
end

local c = rig.container("c", { "api.test:443" })
check.equal(connect("api.test", 443), "ok")
assert(connect(rig.TWO, 443) ~= "ok")
local found = rig.denied(c, { addr = rig.TWO, port = 443, by = "packet" })
assert(found and found.pid and found.program:match("/perl$"), tiny.show(rig.denials(c)))
connect("evil.test", 443)
found = rig.denied(c, { name = "evil.test", by = "dns" })
assert(found and found.pid and found.program:match("/perl$"), tiny.show(rig.denials(c)))
assert(check.succeeds("network", "watch", "--no-stream", "c"):match("perl %(%d+%) +%- +198%.51%.100%.8:443/tcp"))
local shown = tiny.json_decode(check.succeeds("explain", "--format", "json", "c")).egress
check.equal(shown.pins, 1)

-- While it has no supervisor, and afterwards.
local supervisor <close> = tiny.pidfd_open(c.supervisor)
tiny.kill(supervisor, "SIGKILL")
check.reaped(supervisor)
check.equal(connect("api.test", 443), "ok")
assert(connect(rig.TWO, 80) ~= "ok")
found = rig.denied(c, { addr = rig.TWO, port = 80 })
assert(found and found.pid and found.program:match("/perl$"), tiny.show(rig.denials(c)))
check.succeeds("rm", "-f", "c")

local recipe = ordinary.home .. "/recipe.lua"
tiny.write_file(recipe, [[
return require("tiny.container").new { name = "c", command = { "sleep", "1000" }, network = "pasta",
  on_connect = function(ctx, c) return c.name == "api.test" and c.program:match("/perl$") and c.allow() or c.deny() end }]])
check.succeeds("run", "-d", recipe)
c = rig.find "c"
check.equal(connect("api.test", 443), "ok")
check.equal(connect("other.test", 443), "Connection refused")
found = rig.denied(c, { name = "other.test", by = "connect" })
check.equal(found.reason, "denied by on_connect")
check.equal(rig.connect(c, rig.TWO, 443), "ECONNREFUSED", "without a filter")
check.succeeds("rm", "-f", "c")

local file = ordinary.home .. "/policy.lua"
check.succeeds("run", "--rm", "--network", "pasta", "--egress-learn", file, "perl", "-MIO::Socket::IP", "-e", CONNECT, "api.test", "443")
check.equal(table.concat(tiny.load_recipe(file)().egress, " "), "api.test:443")
rig.down()
