-- qdisc_del: restores the default discipline of a link; a link with the default is ENOENT.
local check = require "check"

local web <close> = tiny.netns()
local br <close> = tiny.bridge("td0", { netns = web })
local limit = { rate = "10mbit", burst = "32k", latency = "50ms" }
tiny.qdisc_set(br, limit):keep()
tiny.qdisc_del("td0", { netns = web })
local err = check.fails("ENOENT", tiny.qdisc_del, br)
check.equal(err.path, "td0")
check.equal(err.hint, "this link has no such setting")
check.fails("ENODEV", tiny.qdisc_del, "td0")
check.refuses("link is missing: qdisc_del(link [, options])", tiny.qdisc_del)
