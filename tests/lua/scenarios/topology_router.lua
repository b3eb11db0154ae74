-- Three nodes and a router with static routes; a link that is set down and up again.
local check = require "check"
local net = require "networked"
net.needs()

check.succeeds("up", "router.lua")
-- A bridge notices a link's new carrier up to a second later: of several packets one must come back.
local function reaches(from, to, packets)
  return check.run({ "exec", "router-node" .. from, "busybox", "ping", "-c", packets or "1", "-W1", to }).status == 0
end
check.equal(reaches(1, "10.77.3.2"), true, "node 1 to node 3")
check.equal(reaches(3, "10.77.2.2"), true, "node 3 to node 2")
check.succeeds("network", "link", "router-lan3", "router-router", "down")
check.equal(reaches(1, "10.77.3.2"), false, "with the link down")
check.equal(reaches(1, "10.77.2.2"), true, "the others")
check.succeeds("network", "link", "router-lan3", "router-router", "up")
check.equal(reaches(1, "10.77.3.2", "5"), true, "with the link up again")
check.succeeds("down", "-t", "0", "router.lua")
check.no_container()
net.nothing_left()
