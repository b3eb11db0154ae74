-- filter_text: the alias of the method of a filter handle, which accepts no other handle.
local check = require "check"

local filter = tiny.terminal_filter()
check.equal(tiny.filter_text(filter, "\27c"), "\\x1bc")
check.equal(filter:text("\27", { last = true }), "\\x1b")
check.equal(#filter:text(("\27[1"):rep(100000)), 6 * 99999, "little is kept back")
check.refuses("filter: expected a filter handle, got a table", tiny.filter_text, {}, "x")
