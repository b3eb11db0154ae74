-- pipe: keeps bytes in order, reports end of file after the last writer closes, EPIPE after the reader has closed.
local check = require "check"

local from, into = tiny.pipe()
into:write("one")
into:write("\0two\255")
check.equal(from:read(), "one\0two\255")
local child <close> = tiny.fork(function()
  from:close()
  into:write(("x"):rep(300000))
end)
into:close()
local size = 0
for bytes in function() return from:read() end do size = size + #bytes end
check.equal(size, 300000, "more than a pipe holds")
check.equal(child:wait(), 0)
check.equal(from:read(), nil, "the end stays the end")

local gone, writer = tiny.pipe()
gone:close()
local err = check.fails("EPIPE", writer.write, writer, "x")
check.equal(err.path, "pipe")
check.equal(err.hint, "the reading end is closed")
writer:close()
check.refuses("the file handle is closed", tiny.write, writer, "x")

-- A child that closes its copy of the write end sees end of file.
local down, down_end = tiny.pipe()
local reader <close> = tiny.fork(function()
  down_end:close()
  check.equal(down:read(), "last")
  check.equal(down:read(), nil)
end)
down_end:write("last")
down_end:close()
check.equal(reader:wait("5s"), 0)
check.refuses("options must be a table, not 1: pipe([options])", tiny.pipe, 1)

-- One end's calls can be non-blocking; the other's block as before.
local empty, full = tiny.pipe { nonblock = "read" }
check.equal(empty:read(), false, "nothing is there")
full:close()
check.equal(empty:read(), nil, "the end")
local unread, wide = tiny.pipe { nonblock = "write" }
check.equal(wide:write(("x"):rep(1 << 20), { wait = false }) < 1 << 20, true, "what fits")
check.equal(wide:write("x", { wait = false }), 0)
unread:close()
check.refuses('option "nonblock": "both" is not one of "read"|"write"', tiny.pipe, { nonblock = "both" })
local narrow, small = tiny.pipe { nonblock = "write", size = "4k" }
check.equal(small:write(("x"):rep(10000), { wait = false }), 4096)
narrow:close()
