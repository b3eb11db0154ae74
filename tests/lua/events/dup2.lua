-- dup2: makes an open file standard input, output or error, also of an executed program.
local check = require "check"

tiny.write_file("in", "from the file\n")
local from, into = tiny.pipe()
local child <close> = tiny.fork(function()
  tiny.dup2(tiny.open("in"), 0)
  tiny.dup2(into, 1)
  tiny.dup2(into, 2)
  tiny.exec { "/bin/sh", "-c", "cat; echo out; echo err >&2" }
end)
into:close()
local text = ""
for bytes in function() return from:read() end do text = text .. bytes end
check.equal(child:wait(), 0)
check.equal(text, "from the file\nout\nerr\n")

-- Earlier output goes to the old file.
local old, old_end = tiny.pipe()
local new, new_end = tiny.pipe()
local printer <close> = tiny.fork(function()
  tiny.dup2(old_end, 1)
  io.write("before ")
  print("it")
  tiny.dup2(new_end, 1)
  print("after it")
end)
check.equal(printer:wait(), 0)
check.equal(old:read(), "before it\n")
check.equal(new:read(), "after it\n")
check.refuses("number: 3 is not an integer from 0 to 2", tiny.dup2, old, 3)
check.refuses("number is missing: dup2(file, number)", tiny.dup2, old)
