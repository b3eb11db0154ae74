-- seal: the command starts over from where its program cannot be written, once, as it was called.
local check = require "check"

tiny.write_file("/tmp/tinylua", tiny.read_file("/proc/self/exe", { max = "256m" }), { mode = tonumber("755", 8) })
tiny.write_file("/tmp/r.lua", [[
  io.stderr:write("begin\n")
  tiny.seal()
  tiny.seal()
  local words = ...
  print(words[1], os.getenv("MARK"), tiny.read_file("/proc/self/comm"):gsub("\n", "") .. "", io.read("l"))
  -- Its program is there to be read, and not to be written, by root neither.
  assert(tiny.open("/proc/self/exe", { read = true }))
  local _, err = tiny.try(tiny.open, "/proc/self/exe", { write = true })
  print(err.code)]])
local function run(program)
  local out, out_end = tiny.pipe()
  local err, err_end = tiny.pipe()
  local input, into = tiny.pipe()
  into:write("a line\n")
  into:close()
  local child <close> = tiny.fork(function()
    tiny.dup2(input, 0)
    tiny.dup2(out_end, 1)
    tiny.dup2(err_end, 2)
    tiny.exec { program, "run", "/tmp/r.lua", "a word", env = { MARK = "mark", HOME = "/root" } }
  end)
  out_end:close()
  err_end:close()
  local function all(pipe)
    local text = ""
    for bytes in function() return pipe:read() end do text = text .. bytes end
    return text
  end
  local text, told = all(out), all(err)
  check.equal(child:wait(), 0, told)
  return text, told
end
local text, told = run("/tmp/tinylua")
check.equal(text:match("^a word\tmark\ttinylua\ta line\n(E%u+)\n$") ~= nil, true, text)
check.equal(told, "begin\nbegin\n", "what stands before it is done twice")
-- Where the program cannot be written anyway it goes on.
tiny.mkdir("/tmp/ro")
local bind <close> = tiny.mount_bind("/tmp", "/tmp/ro", { ro = true })
text, told = run("/tmp/ro/tinylua")
check.equal(told, "begin\n")
assert(text:match("^a word\tmark\ttinylua"), text)
-- Without /proc there is no telling.
check.inside({ mount = true }, function()
  tiny.mkdir("/tmp/empty")
  tiny.chroot("/tmp/empty")
  local err = check.fails("ENOENT", tiny.seal)
  check.equal(err.hint, "/proc is not mounted")
end)
check.refuses("takes at most 0 arguments: seal()", tiny.seal, true)
