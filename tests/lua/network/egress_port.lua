-- egress_port: a closed port of a bridge reaches this machine, and no other port.
local check = require "check"
local sockets = require "sockets"
sockets.needed()

local one, other = tiny.netns(), tiny.netns()
tiny.bridge("td0", { addr = "10.10.0.1/24" }):keep()
tiny.veth_pair({ name = "one", bridge = "td0" }, { name = "eth0", netns = one, addr = "10.10.0.2/24" }):keep()
tiny.veth_pair({ name = "other", bridge = "td0" }, { name = "eth0", netns = other, addr = "10.10.0.3/24" }):keep()
local function reaches(from, to, addr)
  local listener <close> = tiny.tcp_listen("0.0.0.0:80", { netns = to })
  local stream <close> = tiny.try(tiny.tcp_connect, addr .. ":80", { netns = from, timeout = "1s" }) or nil
  return stream ~= nil
end
check.equal(reaches(one, other, "10.10.0.3"), true, "before")
do
  local port <close> = tiny.egress_port("one")
  check.equal(port.kind, "closed_port")
  check.equal(port.name, "one")
  check.equal(reaches(one, other, "10.10.0.3"), false, "closed")
  check.equal(reaches(other, one, "10.10.0.2"), false, "its answers too")
  check.equal(reaches(one, nil, "10.10.0.1"), true, "this machine")
  check.equal(reaches(other, nil, "10.10.0.1"), true)
  tiny.egress_port("one"):keep()
  local second <close> = tiny.egress_port("later")
end
check.equal(reaches(one, other, "10.10.0.3"), true, "after")
check.equal(sockets.ruleset(), "")
