-- seal: the program of a command cannot be written to, and keeps its arguments; without it, a container cannot be
-- entered.
local check = require "check"

check.copy_program("/tmp/tinylua")
tiny.write_file("/tmp/r.lua", [[
  io.stderr:write("begin\n")
  tiny.seal()
  tiny.seal()
  local words = ...
  print(words[1], os.getenv("MARK"), tiny.read_file("/proc/self/comm"):gsub("\n", "") .. "", io.read("l"))
  -- Its program can be read, but not written, not even by root.
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
check.equal(told, "begin\n", "nothing of a recipe is done twice")
-- If the program cannot be written anyway, it continues without a copy.
tiny.mkdir("/tmp/ro")
local bind <close> = tiny.mount_bind("/tmp", "/tmp/ro", { read_only = true })
text, told = run("/tmp/ro/tinylua")
check.equal(told, "begin\n")
assert(text:match("^a word\tmark\ttinylua"), text)

-- A read-only mount of the file itself is insufficient, because its owner can make it writable again.
tiny.write_file("/tmp/file", "")
local over <close> = tiny.mount_bind("/tmp/tinylua", "/tmp/file", { read_only = true })
tiny.write_file("/tmp/where.lua", "print((tiny.readlink('/proc/self/exe')))")
local from, into = tiny.pipe()
local where <close> = tiny.fork(function()
  tiny.dup2(into, 1)
  tiny.exec { "/tmp/file", "run", "/tmp/where.lua" }
end)
into:close()
check.equal(where:wait(), 0)
check.equal(from:read(), "/\n", "a mount of its own")

-- Without /proc this cannot be determined, so each way into a container is refused.
local bare = "/tmp/bare"
tiny.mkdir(bare .. "/root", { parents = true })
check.copy_program(bare .. "/tinylua")
tiny.write_file(bare .. "/ways.lua", [[
  local function refused(name, f, ...)
    local _, err = tiny.try(f, ...)
    print(name, err and err.code, err and err.hint:match("^call tiny.seal"))
  end
  refused("clone", tiny.clone, { pid = true }, function() end)
  refused("unshare", tiny.unshare, { pid = true })
  refused("chroot", tiny.chroot, "/root")
  refused("pivot_root", tiny.pivot_root, "/root")
  local _, err = tiny.try(tiny.seal)
  print("seal", err.code, err.hint)
  -- Calls that enter no container are not refused.
  local child <close> = tiny.clone({ uts = true, ipc = true }, function() tiny.sethostname("other") end)
  print("others", child:wait())]])
local out, out_end = tiny.pipe()
local child <close> = tiny.clone({ mount = true }, function()
  tiny.dup2(out_end, 1)
  tiny.chroot(bare)
  tiny.exec { "/tinylua", "run", "/ways.lua", env = { HOME = "/root" } }
end)
out_end:close()
check.equal(child:wait(), 0)
local refusals = "clone\tEACCES\tcall tiny.seal\nunshare\tEACCES\tcall tiny.seal\nchroot\tEACCES\tcall tiny.seal\npivot_root\tEACCES\tcall tiny.seal\n"
check.equal(out:read(), refusals .. "seal\tENOENT\t/proc is not mounted\nothers\t0\n")

-- The mount that it runs from cannot be made writable, not even by root.
local perl = [[sysopen(F, "/proc/$ARGV[0]/exe", 010000000) or die "open: $!"; my ($none, $a) = ("", pack("Q4", 0, 1, 0, 0));
  print syscall(442, fileno F, $none, 0x1000, $a, 32) == 0 ? "writable\n" : ($! + 0) . "\n"]]
if tiny.stat("/usr/bin/perl") then
  local from, into = tiny.pipe()
  local asked <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.exec { "/usr/bin/perl", "-e", perl, tostring(tiny.getpid()) }
  end)
  into:close()
  check.equal(asked:wait(), 0)
  check.equal(from:read(), "22\n", "EINVAL")
end
check.refuses("takes at most 0 arguments: seal()", tiny.seal, true)
