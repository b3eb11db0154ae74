-- egress_fence: what a fence denies and allows, with ranges and pins, and how it is replaced.
local check = require "check"
local fenced = require "fenced"
local sockets = require "sockets"
local near = fenced.up()

check.equal(fenced.connects(fenced.FAR, 443), "ok", "without a fence")
local RANGES = { { cidr = "198.51.100.8/32", protocol = "tcp", first = 400, last = 500 }, { cidr = "2001:db8::/64", protocol = "tcp", first = 80, last = 80 } }
do
  local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7, ranges = RANGES, wide = { { protocol = "tcp", first = 8000, last = 9000 } } })
  check.equal(fence.kind, "fence")
  check.equal(fence.name, "web")
  check.equal(fenced.connects(fenced.FAR, 443), "ok", "without a link")
  tiny.egress_link("web", "td0", { addr = { fenced.ADDR, fenced.ADDR6 } })
  check.equal(fenced.connects(fenced.FAR, 443), "ECONNREFUSED")
  check.equal(fenced.connects(fenced.FAR6, 443), "ECONNREFUSED")
  check.equal(fenced.connects("198.51.100.8", 443), "ok", "a range")
  check.equal(fenced.connects("198.51.100.8", 501), "ECONNREFUSED")
  check.equal(fenced.connects(fenced.FAR6, 80), "ok", "a range of IPv6")
  -- The machine itself, and replies to it.
  local ear <close> = tiny.tcp_listen("10.10.0.1:99")
  local _, err = tiny.try(tiny.tcp_connect, "10.10.0.1:99", { netns = near, timeout = "1s" })
  check.equal(err.code, "ECONNREFUSED", "to the machine")
  local inner <close> = tiny.tcp_listen("10.10.0.2:99", { netns = near })
  tiny.tcp_connect("10.10.0.2:99", { timeout = "1s" }):close()

  -- Replaced: other ranges; a new mark ends connections that nothing allows.
  local listener <close> = tiny.tcp_listen("198.51.100.8:450", { netns = fenced.far })
  local stream <close> = tiny.tcp_connect("198.51.100.8:450", { netns = near, timeout = "1s" })
  tiny.poll({ listener }, "1s")
  local far <close> = listener:accept()
  local function echoes()
    tiny.try(stream.write, stream, "x")
    return #tiny.poll({ far }, "300ms") > 0 and tiny.try(far.read, far) == "x"
  end
  check.equal(echoes(), true)
  tiny.egress_pin("web", { { addr = fenced.FAR, protocol = "tcp", port = 443 } }, { seconds = 60 })
  tiny.egress_fence("web", { group = 5000, mark = 7, keep_pins = true }):keep()
  check.equal(echoes(), true, "the same mark")
  check.equal(fenced.connects("198.51.100.8", 444), "ECONNREFUSED", "the range has gone")
  check.equal(fenced.connects(fenced.FAR, 443), "ok", "the pin stays")
  tiny.egress_fence("web", { group = 5000, mark = 8 }):keep()
  check.equal(echoes(), false, "another mark")
  check.equal(fenced.connects(fenced.FAR, 443), "ECONNREFUSED", "the pin has gone")

  -- A second one has its own sets.
  local other <close> = tiny.egress_fence("other", { group = 5001, mark = 9 })
  check.equal(#tiny.egress_pins("other"), 0)
end
check.equal(sockets.ruleset(), "", "the last one takes the table with it")
check.equal(fenced.connects(fenced.FAR, 443), "ok", "afterwards")

local overlap = { { cidr = "10.0.0.0/8", protocol = "tcp", first = 1, last = 9 }, { cidr = "10.1.0.0/16", protocol = "tcp", first = 5, last = 6 } }
check.fails("EEXIST", tiny.egress_fence, "web", { group = 5000, mark = 7, ranges = overlap })
check.equal(sockets.ruleset(), "", "nothing is left of a failure")
check.refuses('id: "a b" is not a name of letters, digits and hyphens', tiny.egress_fence, "a b", { group = 1, mark = 1 })
local many = {}
for n = 1, 65 do many[n] = { protocol = "tcp", first = n, last = n + 100 } end
check.refuses('option "wide": at most 64 ranges of ports', tiny.egress_fence, "web", { group = 1, mark = 1, wide = many })
