-- route_del: removes a route by destination alone, or by all attributes; a missing one is ESRCH.
local check = require "check"

tiny.link_set("lo", { up = true })
tiny.route_add("10.21.0.0/16", { dev = "lo", metric = 3 }):keep()
tiny.route_del("10.21.0.0/16")
for line in io.lines("/proc/self/net/route") do assert(not line:find("0000150A"), line) end

local err = check.fails("ESRCH", tiny.route_del, "10.21.0.0/16")
check.equal(err.hint, "there is no such route; tiny.routes() lists them")
check.refuses('unknown option "gateway"; known options: via, dev, metric, netns', tiny.route_del, "default", { gateway = "x" })
