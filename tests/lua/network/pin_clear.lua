-- pin_clear: removes the table if it is empty.
local check = require "check"

local web <close> = tiny.netns()
local err = check.fails("ENOENT", tiny.pin_clear)
assert(err.hint:match("no port was pinned"), err.hint)
local values = { mac_address = "02:42:0a:0a:00:02", addr = "10.10.0.2", netns = web }
local pin = tiny.pin("one", values)
check.fails("ENOENT", tiny.pin_clear)
check.fails("EBUSY", tiny.pin_clear, { netns = web })
pin:close()
tiny.pin_clear { netns = web }
check.fails("ENOENT", tiny.pin_clear, { netns = web })
