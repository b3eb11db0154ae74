-- tcp_reset: the peer of a reset connection gets an error at once, not the end of the stream.
local check = require "check"

local listener <close> = tiny.tcp_listen("127.0.0.1:0")
local function pair()
  local near = tiny.tcp_connect("127.0.0.1:" .. listener.port, { nonblock = true })
  tiny.poll({ listener }, "5s")
  return near, listener:accept()
end

local near <close>, far = pair()
tiny.tcp_reset(far)
check.equal(far.closed, true)
check.equal(#tiny.poll({ near }, "5s"), 1)
check.fails("ECONNRESET", near.read, near)
check.refuses("the file handle is closed", tiny.tcp_reset, far)

-- Closing alone is an end.
local one <close>, other = pair()
other:close()
tiny.poll({ one }, "5s")
check.equal(one:read(), nil)

local pipe, into = tiny.pipe()
check.fails("ENOTSOCK", tiny.tcp_reset, pipe)
check.refuses("socket: expected a file handle, got a listener handle", tiny.tcp_reset, listener)
