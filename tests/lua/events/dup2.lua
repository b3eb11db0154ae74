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

-- Higher numbers are for the program, in addition to keep_fds; until then they belong to this process.
local sync, sync_end = tiny.pipe()
local passing <close> = tiny.fork(function()
  tiny.dup2(sync_end, 3)
  tiny.dup2(old, 7)
  tiny.dup2(sync_end, 7)
  local _, err = tiny.try(tiny.exec, { "/no/such/program" })
  check.equal(err.code, "ENOENT")
  check.equal(sync_end:write("still open\n"), 11)
  tiny.exec { "/bin/sh", "-c", "for n in 0 1 2 3 4 5 6 7 8; do [ -e /proc/$$/fd/$n ] && echo -n $n >&3; done; echo seven >&7" }
end)
check.equal(passing:wait(), 0)
sync_end:close()
local passed = ""
for bytes in function() return sync:read() end do passed = passed .. bytes end
check.equal(passed, "still open\n01237seven\n")
check.inside({}, function()
  tiny.setrlimit("nofile", 20)
  tiny.dup2(old, 20)
  check.equal(check.fails("EINVAL", tiny.exec, { "true" }).hint, "a descriptor set by `dup2` must be below the limit of open files (setrlimit nofile)")
end)
check.refuses("number: -1 is not an integer from 0 to 1073741824", tiny.dup2, old, -1)
check.refuses("number is missing: dup2(file, number)", tiny.dup2, old)
