-- send_fd, recv_fd: passes an open file to another process.
local check = require "check"

local mine, theirs = tiny.socketpair()
local child <close> = tiny.fork(function()
  mine:close()
  local from, into = tiny.pipe()
  into:write("from the child")
  tiny.send_fd(theirs, from)
end)
theirs:close()
local file <close> = tiny.recv_fd(mine)
check.equal(child:wait(), 0, "the child's status")
check.equal(file:read(), "from the child")
check.equal(file:read(), nil, "its writer is gone")
check.equal(tiny.recv_fd(mine), nil, "the end")

local near, far = tiny.socketpair()
far:write("x")
check.fails("ENOMSG", tiny.recv_fd, near)
check.fails("ENOTSOCK", tiny.recv_fd, file)
check.fails("ENOTSOCK", tiny.send_fd, file, file)
check.refuses("file: expected a file handle, got a table", tiny.send_fd, near, {})
