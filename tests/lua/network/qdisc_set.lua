-- qdisc_set: rate, delay and loss of a link are effective; if the kernel lacks netem, the error names the module.
local check = require "check"

local web <close> = tiny.netns()
local cable <close> = tiny.veth_pair({ name = "ta0", addr = "10.10.0.1/24" }, { name = "eth0", netns = web, addr = "10.10.0.2/24" })
local listener <close> = tiny.tcp_listen("10.10.0.1:0")
local place = "10.10.0.1:" .. listener.port

-- Sends this many bytes out of the namespace; returns the seconds until the last one arrives.
local function transfer(bytes)
  local child <close> = tiny.fork(function()
    tiny.tcp_connect(place, { netns = web, timeout = "5s" }):write(("x"):rep(bytes))
  end)
  tiny.poll({ listener }, "5s")
  local near <close> = listener:accept()
  local start, got = tiny.clock("monotonic"), 0
  while true do
    tiny.poll({ near }, "10s")
    local data = near:read("1m")
    if data then got = got + #data end
    if data == nil then break end
    assert(data, "nothing came for ten seconds")
  end
  local passed = tiny.clock("monotonic") - start
  check.equal(got, bytes)
  check.equal(child:wait(), 0, "the sender's status")
  return passed
end

-- 500,000 bytes at 1,000,000 bytes per second: half a second, minus the initially full bucket.
do
  local limit <close> = tiny.qdisc_set("eth0", { rate = "8mbit", burst = "16k", latency = "50ms", netns = web })
  check.equal(limit.kind, "qdisc")
  check.equal(limit.name, "eth0")
  local passed = transfer(500000)
  assert(passed >= (500000 - 16384) / 1000000 * 0.95, "limited: " .. passed)
  -- Set again: another rate replaces it, as a number.
  tiny.qdisc_set("eth0", { rate = 4000000, burst = "16k", latency = "50ms", netns = web }):keep()
  passed = transfer(500000)
  assert(passed >= (500000 - 16384) / 500000 * 0.95, "half of it: " .. passed)
end
local free = math.min(transfer(500000), transfer(500000), transfer(500000))
assert(free < 0.45, "free again: " .. free)

local function shown(link)
  local p = io.popen("tc qdisc show dev " .. link .. " 2>/dev/null")
  local text = p:read("a")
  p:close()
  return text
end
local _, err = tiny.try(function()
  local limit <close> = tiny.qdisc_set(cable, { rate = "40gbit", burst = "10m", latency = "1ms" })
  local text = shown("ta0")
  assert(text == "" or text:match("qdisc tbf .* rate 40Gbit burst 10Mb lat 1ms"), text)
  tiny.fail("the body fails")
end)
check.equal(err.message, "the body fails")
assert(not shown("ta0"):match("tbf"), "after a failing body")
check.fails("ENOENT", tiny.qdisc_del, "ta0")

check.refuses("burst and latency belong to a rate limit alone; with delay or loss give only the rate",
  tiny.qdisc_set, "ta0", { rate = "10mbit", burst = "32k", latency = "50ms", delay = "10ms" })
check.refuses("no values given: pass rate, burst and latency, or delay, jitter and loss", tiny.qdisc_set, "ta0")
check.refuses("a rate limit needs rate, burst and latency", tiny.qdisc_set, "ta0", { rate = "10mbit", burst = "32k" })
check.refuses('"10m" is not a rate; write bits per second or a number with kbit, mbit or gbit: "10mbit"',
  tiny.qdisc_set, "ta0", { rate = "10m", burst = "32k", latency = "50ms" })
check.refuses('option "rate": 7 bits per second are less than 1 byte per second', tiny.qdisc_set, "ta0", { rate = 7, burst = "32k", latency = 1 })
check.refuses('option "burst": must be 1 byte to 4 GiB', tiny.qdisc_set, "ta0", { rate = 8000, burst = 0, latency = 1 })
check.refuses('option "loss": 1.5 is not from 0 to 1', tiny.qdisc_set, "ta0", { loss = 1.5 })
check.refuses('option "jitter" is the variation of the delay: give "delay" too', tiny.qdisc_set, "ta0", { jitter = "1ms" })
check.fails("ENODEV", tiny.qdisc_set, "nowhere", { rate = "10mbit", burst = "32k", latency = "50ms" })

check.refuses('option "rate": 7 bits per second are less than 1 byte per second', tiny.qdisc_set, "ta0", { rate = 7, delay = 1 })
local _, none = tiny.try(tiny.qdisc_set, "eth0", { delay = "200ms", netns = web })
if none then
  check.equal(none.code, "ENOENT")
  check.equal(none.path, "eth0")
  check.equal(none.hint, "the kernel has no netem: `modprobe sch_netem`, or CONFIG_NET_SCH_NETEM")
  return
end
local start = tiny.clock("monotonic")
tiny.tcp_connect(place, { netns = web, timeout = "10s" }):close()
local passed = tiny.clock("monotonic") - start
assert(passed >= 0.2, "delayed: " .. passed)
tiny.poll({ listener }, "5s")
listener:accept():close()
-- A rate, delay and loss together: half a second for the bytes, and the delay.
tiny.qdisc_set("eth0", { rate = "8mbit", delay = "100ms", loss = 0, netns = web }):keep()
local both = transfer(500000)
assert(both >= 0.45, "limited and delayed: " .. both)
tiny.qdisc_set("eth0", { delay = "1ms", jitter = "1ms", loss = 1, netns = web }):keep()
check.fails("ETIMEDOUT", tiny.tcp_connect, place, { netns = web, timeout = "1s" })
tiny.qdisc_del("eth0", { netns = web })
tiny.tcp_connect(place, { netns = web, timeout = "10s" }):close()
