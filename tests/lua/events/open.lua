-- open: opens files, FIFOs and devices in the requested mode only.
local check = require "check"

do
  local file <close> = tiny.open("file", { write = true, create = true, mode = tonumber("600", 8) })
  check.equal(file.path, "file")
  file:write("one")
  check.equal(check.fails("EBADF", file.read, file).path, "file")
end
check.equal(tiny.stat("file").mode, tonumber("600", 8))
tiny.open("file", { append = true }):write("two")
check.equal(tiny.read_file("file"), "onetwo")
local both <close> = tiny.open("file", { read = true, write = true, truncate = true })
check.equal(tiny.read_file("file"), "")
local reader <close> = tiny.open("file")
check.fails("EBADF", reader.write, reader, "x")

-- A FIFO: nonblock does not wait for the other end.
tiny.mknod("fifo", "fifo")
check.equal(check.fails("ENXIO", tiny.open, "fifo", { write = true, nonblock = true }).hint, "`nonblock` was set, and the FIFO has no reader")
local from <close> = tiny.open("fifo", { nonblock = true })
check.equal(from:read(), nil, "no writer: the end")
local into <close> = tiny.open("fifo", { write = true, nonblock = true })
check.equal(from:read(), false, "nothing now")
into:write("x")
check.equal(from:read(), "x")

-- Close-on-exec: a program gets only 0, 1 and 2.
local out, out_end = tiny.pipe()
local child <close> = tiny.fork(function()
  tiny.dup2(out_end, 1)
  tiny.exec { "/bin/ls", "/proc/self/fd" }
end)
out_end:close()
check.equal(out:read(), "0\n1\n2\n3\n", "ls has opened the folder as 3")
child:wait()

tiny.symlink("file", "link")
check.equal(check.fails("ELOOP", tiny.open, "link", { nofollow = true }).hint, "it is a symbolic link, and `nofollow` was set")
local err = check.fails("ENOENT", tiny.open, "nowhere")
check.equal(err.path, "nowhere")
check.equal(err.hint, "the file is missing; create = true creates it")
check.refuses([[unknown option "apend"; did you mean "append"?]], tiny.open, "file", { apend = true })

-- Closed with its block in any case; a loop leaks nothing.
local kept
tiny.try(function()
  local file <close> = tiny.open("file")
  kept = file
  error("x")
end)
check.refuses("the file handle is closed", tiny.read, kept)
collectgarbage()
collectgarbage()
local before = #tiny.list_dir("/proc/self/fd")
for _ = 1, 2000 do local file <close> = tiny.open("file") end
check.equal(#tiny.list_dir("/proc/self/fd"), before, "open descriptors")
