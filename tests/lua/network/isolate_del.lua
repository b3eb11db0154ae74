-- isolate_del: removes only the table with this name; a missing one is ENOENT.
local check = require "check"

local web <close> = tiny.netns()
tiny.isolate("td0"):keep()
tiny.isolate("td0", { name = "second" }):keep()
tiny.isolate_del("td0")
local err = check.fails("ENOENT", tiny.isolate_del, "td0")
assert(err.hint:match("there is no isolation of this name"), err.hint)
check.fails("EEXIST", tiny.isolate, "td0", { name = "second" })
check.fails("ENOENT", tiny.isolate_del, "second", { netns = web })
tiny.isolate_del("second")
check.refuses("name is missing: isolate_del(name [, options])", tiny.isolate_del)
