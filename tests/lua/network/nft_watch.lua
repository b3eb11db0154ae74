-- nft_watch, nft_watch_changed: removals of rules and tables by any program, and not additions or changes of elements.
local check = require "check"
local inside <close> = tiny.netns()
local watch <close> = tiny.nft_watch { netns = inside }
check.equal(watch:changed(), false, "nothing yet")

local nat = tiny.nat { from = "10.10.0.0/24", netns = inside }
check.equal(#tiny.poll({ watch }, 0), 0, "an addition is not reported")
check.equal(watch:changed(), false)
nat:close()
check.equal(tiny.poll({ watch }, "5s")[1], watch)
check.equal(watch:changed(), true, "a removed table")
check.equal(watch:changed(), false, "it is reported once")

-- Elements come and go without waking anyone.
tiny.egress_fence("web", { group = 5000, mark = 7, netns = inside }):keep()
watch:changed()
tiny.egress_pin("web", { { addr = "198.51.100.7", protocol = "tcp", port = 443 } }, { seconds = 60, netns = inside })
check.equal(#tiny.poll({ watch }, 0), 0, "an element")
tiny.egress_fence_del("web", { netns = inside })
check.equal(watch:changed(), true)

-- The namespace next door is not reported.
local nat2 = tiny.nat { from = "10.11.0.0/24" }
nat2:close()
check.equal(watch:changed(), false)
