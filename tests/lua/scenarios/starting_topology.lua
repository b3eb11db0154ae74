-- init topology: its template starts, its containers find each other, and `down` leaves nothing behind.
local check = require "check"
local net = require "networked"
net.needs()

tiny.mkdir("/tmp/init", { parents = true })
tiny.chdir("/tmp/init")
check.equal(check.succeeds("init", "topology", "pair"), "pair.lua\n")
check.equal(check.succeeds("check", "pair.lua"), "")
check.succeeds("up", "pair.lua")
local seen = check.succeeds("ps", "--format", "json", "pair.lua")
check.equal(#tiny.json_decode(seen), 2)
local answer = check.succeeds("exec", "pair-client", "getent", "hosts", "server")
assert(answer:match("^10%.[%d.]+%s+server"), answer)
-- Its programs handle SIGTERM.
local down = check.run { "down", "pair.lua" }
check.equal(down.status, 0)
check.equal(down.err, "")
check.no_container()
net.nothing_left()
