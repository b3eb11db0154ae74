-- write: writes all bytes, across short writes and a full non-blocking pipe.
local check = require "check"

tiny.mknod("fifo", "fifo")
local from <close> = tiny.open("fifo", { nonblock = true })
local into = tiny.open("fifo", { write = true, nonblock = true })
local child <close> = tiny.fork(function()
  into:close()
  local size = 0
  while true do
    tiny.poll { from }
    local bytes = from:read("1k")
    if bytes == nil then break end
    if bytes then size = size + #bytes end
  end
  return size == 500000 and 0 or 1
end)
into:write(("x"):rep(500000))
into:close()
check.equal(child:wait(), 0)

-- As much as fits now, and no more.
local outlet, inlet = tiny.open("fifo", { nonblock = true }), nil
inlet = tiny.open("fifo", { write = true, nonblock = true })
local taken, more = 0, nil
repeat
  more = inlet:write(("x"):rep(10000), { wait = false })
  taken = taken + more
until more == 0
assert(taken >= 4096, taken)
local _, writable = tiny.poll({}, 0, { write = { inlet } })
check.equal(#writable, 0, "it is full")
while outlet:read() do end
_, writable = tiny.poll({ outlet }, "5s", { write = { inlet } })
check.equal(writable[1], inlet, "there is room again")

tiny.mkdir("full")
tiny.mount_tmpfs("full", { size = "4k" })
local file <close> = tiny.open("full/file", { write = true, create = true })
local err = check.fails("ENOSPC", file.write, file, ("x"):rep(5000))
check.equal(err.path, "full/file")
check.equal(err.hint, "the disk is full")
file:write("")
check.refuses("data: expected string, got 5", tiny.write, file, 5)
