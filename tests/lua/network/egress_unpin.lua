-- egress_unpin: removes pins before their time; established connections and those that are not pinned do not matter.
local check = require "check"
local fenced = require "fenced"
fenced.up()

local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7 })
tiny.egress_link("web", "td0", { addr = { fenced.ADDR, fenced.ADDR6 } })
local one, two = { addr = fenced.FAR, protocol = "tcp", port = 443 }, { addr = fenced.FAR, protocol = "tcp", port = 444 }
tiny.egress_pin("web", { one, two }, { seconds = 60 })
tiny.egress_unpin("web", { one, { addr = "192.0.2.1", protocol = "udp", port = 1 } })
check.equal(fenced.connects(fenced.FAR, 443), "ECONNREFUSED")
check.equal(fenced.connects(fenced.FAR, 444), "ok")
tiny.egress_unpin("web", { one })
check.equal(#tiny.egress_pins("web"), 1)
