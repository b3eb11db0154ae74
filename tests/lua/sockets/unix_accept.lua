-- unix_accept, unix_connect: a connection carries bytes both ways.
local check = require "check"

local path = "/tmp/unix_accept.socket"
local listener <close> = tiny.unix_listen(path, { type = "seqpacket", nonblock = true })
check.equal(tiny.unix_accept(listener), nil, "nobody waits")
check.fails("EPROTOTYPE", tiny.unix_connect, path)

local child <close> = tiny.fork(function()
  local far = tiny.unix_connect(path, { type = "seqpacket" })
  far:write("hello")
  return far:read() == "bye" and 0 or 1
end)
tiny.poll { listener }
local near = tiny.unix_accept(listener)
check.equal(near:read(), "hello")
near:write("bye")
check.equal(child:wait(), 0, "the child's status")
check.equal(near:read(), nil, "the far side is gone")

tiny.remove(path)
check.fails("ENOENT", tiny.unix_connect, path)
check.fails("EINVAL", tiny.unix_accept, near)
check.refuses("listener is missing: unix_accept(listener [, options])", tiny.unix_accept)
