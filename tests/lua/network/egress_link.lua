-- egress_link: only packets of this link and address are led to the fence.
local check = require "check"
local fenced = require "fenced"
fenced.up()

check.fails("ENOENT", tiny.egress_link, "web", "td0", { addr = fenced.ADDR })
local fence <close> = tiny.egress_fence("web", { group = 5000, mark = 7 })
tiny.egress_link("web", "td0", { addr = "10.10.0.3" })
tiny.egress_link("web", "td1", { addr = fenced.ADDR })
check.equal(fenced.connects(fenced.FAR, 443), "ok", "another address, another link")
tiny.egress_link("web", "td0", { addr = fenced.ADDR })
tiny.egress_link("web", "td0", { addr = fenced.ADDR })
check.equal(fenced.connects(fenced.FAR, 443), "ECONNREFUSED")
check.equal(fenced.connects(fenced.FAR6, 443), "ok", "the other family")
tiny.egress_link("web", "td0", { addr = { fenced.ADDR6 } })
check.equal(fenced.connects(fenced.FAR6, 443), "ECONNREFUSED")
local other <close> = tiny.egress_fence("other", { group = 5001, mark = 8 })
check.fails("EEXIST", tiny.egress_link, "other", "td0", { addr = fenced.ADDR })
check.refuses('"10.10.0" is not an address, such as "10.10.0.1"', tiny.egress_link, "web", "td0", { addr = "10.10.0" })
