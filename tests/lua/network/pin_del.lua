-- pin_del: removes only the entry that was pinned with the same values, in its namespace.
local check = require "check"

local web <close> = tiny.netns()
local there = { mac_address = "02:42:0a:0a:00:02", addr = { "10.10.0.2", "fd10::2" } }
check.fails("ENOENT", tiny.pin_del, "one", there)
tiny.pin("one", there):keep()
tiny.pin("two", there):keep()
local err = check.fails("ENOENT", tiny.pin_del, "one", { mac_address = "02:42:0a:0a:00:03", addr = "10.10.0.2" })
assert(err.hint:match("there is no pin with these values"), err.hint)
check.fails("ENOENT", tiny.pin_del, "one", { mac_address = there.mac_address, addr = there.addr, netns = web })
-- Of several entries, existing ones are removed.
tiny.pin_del("one", { mac_address = there.mac_address, addr = "10.10.0.2", router = true })
tiny.pin_del("one", there)
check.fails("ENOENT", tiny.pin_del, "one", there)
check.fails("EBUSY", tiny.pin_clear)
tiny.pin_del("two", there)
tiny.pin_clear()
check.refuses("link is missing: pin_del(link, options)", tiny.pin_del)
