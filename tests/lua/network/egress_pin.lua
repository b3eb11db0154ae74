-- egress_pin: allows destinations for a while, ports alone and in ranges, all of a list or none.
local check = require "check"
local fenced = require "fenced"
fenced.up()

check.fails("ENOENT", tiny.egress_pin, "web", { { addr = fenced.FAR, protocol = "tcp", port = 443 } }, { seconds = 60 })
local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7, wide = { { protocol = "tcp", first = 8000, last = 9000 } } })
tiny.egress_link("web", "td0", { addr = { fenced.ADDR, fenced.ADDR6 } })
tiny.egress_pin("web", {}, { seconds = 60 })
tiny.egress_pin("web", { { addr = fenced.FAR, protocol = "tcp", port = 443 }, { addr = fenced.FAR, protocol = "tcp", wide = 1 }, { addr = fenced.FAR6, protocol = "tcp", port = 80 } }, { seconds = "60s" })
check.equal(fenced.connects(fenced.FAR, 443), "ok")
check.equal(fenced.connects(fenced.FAR, 444), "ECONNREFUSED")
check.equal(fenced.connects(fenced.FAR, 8000), "ok")
check.equal(fenced.connects(fenced.FAR, 9000), "ok")
check.equal(fenced.connects(fenced.FAR, 7999), "ECONNREFUSED")
check.equal(fenced.connects(fenced.FAR, 9001), "ECONNREFUSED")
check.equal(fenced.connects(fenced.FAR6, 80), "ok")
check.equal(fenced.connects(fenced.FAR6, 8000), "ECONNREFUSED")

-- A short time, extended and not.
tiny.egress_pin("web", { { addr = "198.51.100.8", protocol = "tcp", port = 80 }, { addr = "198.51.100.8", protocol = "tcp", port = 81 } }, { seconds = 0.3 })
tiny.egress_pin("web", { { addr = "198.51.100.8", protocol = "tcp", port = 81 } }, { seconds = 60 })
check.equal(fenced.connects("198.51.100.8", 80), "ok")
tiny.poll({}, "400ms")
check.equal(fenced.connects("198.51.100.8", 80), "ECONNREFUSED", "after its time")
check.equal(fenced.connects("198.51.100.8", 81), "ok", "extended")

-- Ten thousand: as fast as the first, and each can be extended.
local pins = {}
for n = 1, 10000 do pins[n] = { addr = ("203.0.%d.%d"):format(n // 250, n % 250 + 1), protocol = "tcp", port = 443 } end
tiny.egress_pin("web", pins, { seconds = 60 })
-- A list that is read while the kernel grows the set may lack some.
for _ = 1, 20 do
  if #tiny.egress_pins("web") == 10004 then break end
  tiny.poll({}, "50ms")
end
check.equal(#tiny.egress_pins("web"), 10004)
local start = tiny.clock("monotonic")
for n = 1, 100 do tiny.egress_pin("web", { pins[n * 90] }, { seconds = 120 }) end
assert(tiny.clock("monotonic") - start < 0.5, "a pin takes " .. (tiny.clock("monotonic") - start) * 10 .. " ms")

check.refuses('a pin has either `port` or `wide`', tiny.egress_pin, "web", { { addr = fenced.FAR, protocol = "tcp" } }, { seconds = 60 })
check.refuses('option "seconds": expected from 1 ms to 1e9 s', tiny.egress_pin, "web", pins, { seconds = 0 })
