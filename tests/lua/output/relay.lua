-- relay, relay_move: copies bytes once and in order, never blocks, and does not read what it cannot write.
local check = require "check"

local from, into = tiny.pipe()
local out, to = tiny.pipe { nonblock = "read" }
local relay <close> = tiny.relay(from, to)
check.equal(relay:move(), "from", "nothing is there")
into:write("one\0\255")
check.equal(relay:move(), "from")
check.equal(out:read(), "one\0\255")

-- The other end is full: both pipes and the buffer are filled, and no more is read.
local feed <close> = tiny.fork(function()
  from:close()
  for i = 1, 100000 do into:write(("%07d\n"):format(i)) end
end)
into:close()
while relay:move() ~= "into" do tiny.poll { from } end
check.equal(relay:move(), "into", "it stays full")
local all, next = {}, "into"
while next do
  local bytes = out:read()
  if bytes then
    table.insert(all, bytes)
  elseif next == "from" then
    tiny.poll { from }
  end
  next = relay:move()
end
to:close()
for bytes in function() return out:read() end do table.insert(all, bytes) end
all = table.concat(all)
check.equal(#all, 800000, "all bytes")
for i = 1, 100000, 4999 do check.equal(all:sub(8 * i - 7, 8 * i), ("%07d\n"):format(i)) end
check.equal(feed:wait(), 0)

-- The buffered bytes count as the rest, even if another process has the pipe open for writing.
do
  local source, writer = tiny.pipe()
  local target <close> = tiny.open("/tmp/target", { write = true, create = true, append = true })
  local last <close> = tiny.relay(source, target)
  writer:write("before")
  check.equal(last:move { rest = true }, nil, "the end")
  writer:write("after")
  check.equal(last:move { rest = true }, nil, "still the end")
  check.equal(tiny.read_file("/tmp/target"), "before")
end
-- A file is copied whole, and its end is the end.
do
  tiny.write_file("/tmp/source", ("y"):rep(3000000))
  local source <close> = tiny.open("/tmp/source")
  local target <close> = tiny.open("/tmp/copy", { write = true, create = true })
  local whole <close> = tiny.relay(source, target)
  check.equal(whole:move(), "from", "others have their turn")
  repeat until not whole:move()
  check.equal(tiny.read_file("/tmp/copy"), ("y"):rep(3000000))
end

-- The side that failed is named in the error.
local gone, closed = tiny.pipe()
gone:close()
local source, writer = tiny.pipe()
local broken <close> = tiny.relay(source, closed)
writer:write("x")
check.fails("EPIPE", broken.move, broken)
local folder <close> = tiny.open("/tmp")
local none <close> = tiny.relay(folder, closed)
check.equal(check.fails("EISDIR", none.move, none).path, "/tmp")
source:close()
check.refuses("the file handle is closed", broken.move, broken)
