-- egress_fence_del: removes a fence with its links, and no other; the table goes with the last one.
local check = require "check"
local fenced = require "fenced"
local sockets = require "sockets"
fenced.up()

tiny.egress_fence("web", { group = 5000, mark = 7 }):keep()
tiny.egress_fence("other", { group = 5001, mark = 8 }):keep()
tiny.egress_link("web", "td0", { addr = { fenced.ADDR, fenced.ADDR6 } })
tiny.egress_link("other", "td0", { addr = "10.10.0.3" })
tiny.egress_pin("web", { { addr = fenced.FAR, protocol = "tcp", port = 80 } }, { seconds = 60 })
check.equal(fenced.connects(fenced.FAR, 443), "ECONNREFUSED")
tiny.egress_fence_del("web")
check.equal(fenced.connects(fenced.FAR, 443), "ok")
check.fails("ENOENT", tiny.egress_fence_del, "web")
assert(sockets.ruleset():find("c-other", 1, true), "the other stays")
tiny.egress_fence_del("other")
check.equal(sockets.ruleset(), "")
local err = check.fails("ENOENT", tiny.egress_fence_del, "other")
assert(err.hint:match("has no fence"), err.hint)
