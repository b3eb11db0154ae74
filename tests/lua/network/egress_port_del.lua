-- egress_port_del: opens one port; the table goes with the last one.
local check = require "check"
local sockets = require "sockets"

tiny.egress_port("one"):keep()
tiny.egress_port("other"):keep()
tiny.egress_port_del("one")
check.fails("ENOENT", tiny.egress_port_del, "one")
assert(sockets.ruleset() == "" or sockets.ruleset():find('"other"', 1, true), "the other is closed")
tiny.egress_port_del("other")
check.equal(sockets.ruleset(), "")
local err = check.fails("ENOENT", tiny.egress_port_del, "other")
assert(err.hint:match("not closed"), err.hint)
