-- send_fd, recv_fd, recv_fds: passes open files to another process, with the bytes of a message.
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

-- With data and several files, on either type of socket.
for _, kind in ipairs { "stream", "seqpacket" } do
  local one, other = tiny.socketpair { type = kind }
  local from, into = tiny.pipe()
  local more = {}
  for i = 1, 3 do more[i] = tiny.open("/dev/null", { read = true }) end
  tiny.send_fd(one, from, { data = "pts/0 \0\xff", more = more })
  local message = tiny.recv_fds(other)
  check.equal(message.data, "pts/0 \0\xff")
  check.equal(#message.files, 4)
  into:write("through the pipe")
  check.equal(message.files[1]:read(), "through the pipe", "the first one is first")
  check.equal(message.files[4]:read(), nil)
  tiny.send_fd(one, from)
  local plain = tiny.recv_fds(other)
  check.equal(plain.data, "\0")
  check.equal(#plain.files, 1)
  one:write("only bytes")
  local bytes = tiny.recv_fds(other)
  check.equal(bytes.data, "only bytes")
  check.equal(#bytes.files, 0)
  -- The whole of a message longer than what a stream takes at once.
  local long = ("x"):rep(kind == "stream" and 3000000 or 100000)
  local sender <close> = tiny.fork(function()
    other:close()
    tiny.send_fd(one, from, { data = long })
  end)
  one:close()
  local got, files = {}, 0
  for part in function() return tiny.recv_fds(other, { max = 1 << 20 }) end do
    table.insert(got, part.data)
    files = files + #part.files
  end
  check.equal(table.concat(got) == long, true, "the long message")
  check.equal(files, 1)
  check.equal(sender:wait(), 0)
  -- What the receiver did not keep is closed.
  into:close()
  for _, part in ipairs { message, plain } do
    for _, f in ipairs(part.files) do f:close() end
  end
end

local first, second = tiny.socketpair { type = "seqpacket" }
tiny.send_fd(first, file, { data = "too long" })
check.fails("EMSGSIZE", tiny.recv_fds, second, { max = 3 })
local many = {}
for i = 1, 253 do many[i] = file end
check.fails("EINVAL", tiny.send_fd, first, file, { more = many })
table.remove(many)
tiny.send_fd(first, file, { more = many })
check.equal(#tiny.recv_fds(second).files, 253)
first:close()
check.equal(tiny.recv_fds(second), nil, "the end")
check.fails("EPIPE", tiny.send_fd, second, file)
check.refuses('option "data": a message needs at least one byte', tiny.send_fd, second, file, { data = "" })
check.refuses('option "max": 0 is not an integer from 1 to 1048576', tiny.recv_fds, second, { max = 0 })
