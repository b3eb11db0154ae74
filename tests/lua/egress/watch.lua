-- network watch, events, explain and inspect show denials.
local check = require "check"
local rig = require "egress_rig"

rig.up()
rig.zone { ["api.test"] = { A = { rig.ONE } } }
local c = rig.container("c", { "api.test:443" })

-- Starts the command with its output in a pipe.
local function watch(...)
  local out, into = tiny.pipe()
  local words = { ... }
  local child = check.start(function()
    tiny.dup2(into, 1)
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "network", "watch", "c", table.unpack(words) }
  end)
  into:close()
  local rest = ""
  return child, function()
    while not rest:find("\n", 1, true) do
      check.equal(tiny.poll({ out }, "20s")[1], out, "a line")
      rest = rest .. (out:read() or error("it has ended: " .. rest))
    end
    local line
    line, rest = rest:match("^([^\n]*)\n(.*)$")
    return line
  end
end

local live <close>, line = watch()
assert(line():match("^TIME +PROCESS +NAME +ADDRESS +REASON$"))
local script = [[ IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5); gethostbyname("evil.test") ]]
local function denied(addr, port) check.run { "exec", "c", "perl", "-MIO::Socket::IP", "-e", script, addr, tostring(port) } end
denied(rig.TWO, 443)
local shown = line()
assert(shown:match("^%d%d:%d%d:%d%d  perl %(%d+%) +%- +198%.51%.100%.8:443/tcp +no rule allows it$"), shown)
shown = line()
assert(shown:match("^%d%d:%d%d:%d%d  perl %(%d+%) +evil%.test +%- +no rule has this name$"), shown)
denied(rig.SIX, 80)
assert(line():match("%[2001:db8::7%]:80/tcp"))

-- Past denials, as JSON; all of them are in `events`.
local past = check.succeeds("network", "watch", "--no-stream", "--format", "json", "c")
local first = tiny.json_decode(past:match("^[^\n]+"))
check.equal(first.event, "deny")
check.equal(first.attributes.addr, rig.TWO)
local events = check.succeeds("events", "--no-stream", "--since", "1h", "--filter", "event=deny")
check.equal(select(2, events:gsub("\n", "")), select(2, past:gsub("\n", "")))
local more <close>, second = watch("--all")
second()
assert(second():match("198%.51%.100%.8:443/tcp"))

-- explain has the rules, what is allowed now, and recent denials.
rig.lookup(c, "api.test")
local text = check.succeeds("explain", "c")
for _, part in ipairs { "\nEgress", "rule +api%.test:443\n", "allowed now +1 destinations", "denied +%d+ so far", "198%.51%.100%.8:443/tcp" } do
  assert(text:match(part), part .. text:match("\nEgress.*"))
end
local found = tiny.json_decode(check.succeeds("explain", "--format", "json", "c")).egress
check.equal(found.recent[1].addr, rig.TWO)
check.equal(found.pins, 1)
assert(check.succeeds("explain", "--html", "-", "c"):match('id="egress".*evil%.test'))
check.equal(tiny.json_decode(check.succeeds("inspect", "c"))[1].config.egress[1], "api.test:443")

-- It ends with the container. One without rules is not watched.
check.succeeds("stop", "-t", "0", "c")
check.equal(live:wait("20s"), 0)
check.equal(more:wait("20s"), 0)
check.refused("c is not running\n  hint: --all shows what it was denied", "network", "watch", "c")
assert(check.succeeds("network", "watch", "--all", "c"):match("198%.51%.100%.8:443/tcp"))
check.succeeds("rm", "c")
check.succeeds("run", "-d", "--name", "c", "--network", "six", "sleep", "1000")
check.refused("c has no egress rules\n  hint: `tinylua run --egress RULE` sets them", "network", "watch", "c")
check.succeeds("rm", "-f", "c")
rig.down()
