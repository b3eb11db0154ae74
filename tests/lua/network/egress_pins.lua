-- egress_pins: lists what was pinned, with the time that is left.
local check = require "check"

check.fails("ENOENT", tiny.egress_pins, "web")
local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7, wide = { { protocol = "udp", first = 1, last = 65535 } } })
check.equal(#tiny.egress_pins("web"), 0)
tiny.egress_pin("web", { { addr = "192.0.2.1", protocol = "tcp", port = 443 }, { addr = "2001:db8::1", protocol = "udp", wide = 1 } }, { seconds = 60 })
local list = tiny.egress_pins("web")
table.sort(list, function(a, b) return a.addr < b.addr end)
check.equal(#list, 2)
check.equal(list[1].addr .. list[1].protocol .. list[1].port, "192.0.2.1tcp443")
check.equal(list[2].addr .. list[2].protocol .. list[2].wide, "2001:db8::1udp1")
for _, pin in ipairs(list) do assert(pin.seconds > 50 and pin.seconds <= 60, pin.seconds) end
