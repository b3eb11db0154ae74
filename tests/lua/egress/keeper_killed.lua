-- A program of the container connects before and after its keeper, its supervisor, or both were killed: its calls never block or fail
-- with ENOSYS while one of them was left, and denials name it again.
local check = require "check"
local rig = require "egress_rig"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE } } }
local LOOP = [[ $| = 1; while (<STDIN>) { my ($addr, $port) = split; my $s = IO::Socket::IP->new(PeerHost => $addr, PeerPort => $port, Timeout => 5); print $s ? "ok\n" : "$!\n" } ]]
tiny.write_file("/tmp/recipe.lua", [[
return require("tiny.container").new { name = "r", command = { "sleep", "1000" }, network = "six", egress = { "api.test:443" },
  seccomp = { notify = { mkdir = function(call) return call.deny("EROFS") end } } }]])

local function program(name)
  local input, feed = tiny.pipe()
  local out, out_end = tiny.pipe()
  local child = tiny.fork(function()
    tiny.dup2(input, 0)
    tiny.dup2(out_end, 1)
    feed:close()
    tiny.exec { "/proc/self/exe", "--root", check.root, "exec", "-i", name, "perl", "-MIO::Socket::IP", "-e", LOOP }
  end)
  return child, feed, function(addr, port)
    feed:write(("%s %d\n"):format(addr, port))
    check.equal(tiny.poll({ out }, "20s")[1], out)
    return out:read()
  end
end

local function kill(pid)
  local process <close> = tiny.pidfd_open(pid)
  tiny.kill(process, "SIGKILL")
  check.reaped(process)
end
local function keeper_of(name)
  return tiny.json_decode(check.succeeds("explain", "--format", "json", name)).egress.keeper
end
-- Until another keeper has taken over.
local function taken_over(name, old)
  local limit = tiny.clock("monotonic") + 10
  while true do
    local now = keeper_of(name)
    if now and now ~= old then return now end
    if tiny.clock("monotonic") > limit then error("no other keeper") end
    tiny.poll({}, "20ms")
  end
end

for _, name in ipairs { "c", "r" } do
  local c = name == "c" and rig.container("c", { "api.test:443" }) or check.succeeds("run", "-d", "/tmp/recipe.lua") and rig.find "r"
  local child <close>, feed, connect = program(name)
  local port = 1000
  -- An allowed connection, and a denied one whose event names the process.
  local function works(what)
    port = port + 1
    check.equal(connect("api.test", 443), "ok\n", what)
    check.equal(connect(rig.TWO, port), "Connection refused\n", what)
    local found = rig.denied(c, { addr = rig.TWO, port = port })
    assert(found and found.pid and found.program:match("/perl$"), what .. tiny.show(rig.denials(c)))
  end
  works "at first"
  local keeper = keeper_of(name)
  kill(keeper)
  taken_over(name, keeper)
  works "after its keeper was killed"
  kill(rig.find(name).supervisor)
  check.equal(connect("api.test", 443), "ok\n", "without a supervisor")
  check.succeeds("ps")
  works "after its supervisor was killed"
  keeper = keeper_of(name)
  kill(keeper)
  taken_over(name, keeper)
  works "after both were killed, one after the other"
  -- The recipe's own function answers, or a program without it works.
  local made = check.run { "exec", name, "perl", "-e", 'print mkdir("/tmp/new") ? "ok" : "$!"' }.out
  check.equal(made, name == "r" and "Read-only file system" or "ok")
  feed:close()
  child:wait()
  check.succeeds("rm", "-f", name)
end
rig.down()
