-- reserve_port: no other process can use the port while the handle is open, for TCP and UDP separately, on one address
-- or all, in one namespace; it is released when the handle is closed or the body fails.
local check = require "check"

local web <close> = tiny.netns()
local number
do
  local port <close> = tiny.reserve_port("0/tcp", { addr = "0.0.0.0" })
  number = port.port
  check.equal(port.kind, "reservation")
  check.equal(port.proto, "tcp")
  assert(number > 0, "the kernel's choice")
  local err = check.fails("EADDRINUSE", tiny.reserve_port, number .. "/tcp", { addr = "0.0.0.0" })
  check.equal(err.path, "0.0.0.0:" .. number)
  assert(err.hint:match("another program"), err.hint)
  check.fails("EADDRINUSE", tiny.reserve_port, number .. "", { addr = "127.0.0.1" })
  check.fails("EADDRINUSE", tiny.tcp_listen, "127.0.0.1:" .. number)

  -- It does not listen, is not UDP, is not IPv6, and is not in another namespace.
  check.fails("ECONNREFUSED", tiny.tcp_connect, "127.0.0.1:" .. number)
  local udp <close> = tiny.reserve_port(number .. "/udp", { addr = "127.0.0.1" })
  check.equal(udp.proto, "udp")
  check.fails("EADDRINUSE", tiny.udp_bind, "127.0.0.1:" .. number)
  local six <close> = tiny.reserve_port(number .. "/tcp", { addr = "::" })
  local other <close> = tiny.reserve_port(number .. "/tcp", { netns = web })

  -- A program that is executed does not inherit it.
  local child <close> = tiny.fork(function() tiny.exec { "/bin/sh", "-c", "ls -l /proc/self/fd | grep -q socket" } end)
  check.equal(child:wait(), 1, "inherited")
end
tiny.try(function()
  local port <close> = tiny.reserve_port(number .. "/tcp")
  tiny.fail("the body fails")
end)
tiny.reserve_port(number .. "/tcp"):close()

check.fails("EADDRNOTAVAIL", tiny.reserve_port, "80/tcp", { addr = "192.0.2.1" })
check.inside({ user = true }, function()
  local err = check.fails("EACCES", tiny.reserve_port, "80/tcp")
  assert(err.hint:match("CAP_NET_BIND_SERVICE"), err.hint)
end)
check.refuses('"80/sctp": the protocol is tcp or udp, not "sctp"', tiny.reserve_port, "80/sctp")
check.refuses('"70000/tcp" is not a port, such as "8080/tcp": a number up to 65535', tiny.reserve_port, "70000/tcp")
check.refuses('"localhost" is not an address, such as "10.10.0.1"', tiny.reserve_port, "80", { addr = "localhost" })
