-- `apply` is killed: at system calls that change something, and at random times. Each file of the host is then the old or the new one, as
-- a whole, and a second `apply` completes the first. With TINYLUA_TEST_WHOLE, every system call is walked; TINYLUA_TEST_KILLS is the
-- number of random kills (tests/soak/README.md).
local check = require "check"
local maker = require "cow_maker"
local web = require "web"

web.need("strace", "strace")
local HERE = tiny.readlink "/proc/self/cwd"
local SAMPLE = os.getenv "TINYLUA_TEST_WHOLE" and 1 or 15
local KILLS = tonumber(os.getenv "TINYLUA_TEST_KILLS") or 8
local CALLS = "renameat2 unlinkat mkdirat symlinkat linkat fchmod fchown fchownat utimensat pwrite64 write copy_file_range sendfile ftruncate fsetxattr mknodat syncfs fremovexattr"
tiny.write_file("apply.lua", ([[local done = tiny.cow_apply(%q, %q)
if #done.conflicts + #done.failed > 0 then error((done.conflicts[1] or done.failed[1]).path) end]]):format(HERE .. "/p", HERE .. "/f"))

local old, new, wanted
local LARGE = ""
local function fresh()
  maker.run "rm -rf f p"
  maker.folder "f"
  old = maker.files "f"
  wanted = maker.change("f", "p", LARGE .. maker.CHANGES .. " && find . ! -type d -newermt @1700000000 -exec touch -h -d @1650000000 {} +")
end

local function apply(...)
  local words = { ... }
  local null <close> = tiny.open("/dev/null", { write = true })
  local errors <close> = tiny.open("errors", { write = true, create = true, truncate = true })
  local child <close> = tiny.fork(function()
    tiny.dup2(null, 1)
    tiny.dup2(errors, 2)
    tiny.exec { table.unpack(words) }
  end)
  return child:wait()
end

local PROGRAM = HERE .. "/program"
check.copy_program(PROGRAM)
local APPLY = { PROGRAM, "--root", check.root, "run", HERE .. "/apply.lua" }

-- After a kill: no file is torn; a second call completes it.
local function verify(where)
  for path, what in pairs(maker.files "f") do
    if what ~= old[path] and what ~= new[path] then error(("%s: %s is torn: %s, was %s, wanted %s"):format(where, path, what, old[path], new[path])) end
  end
  local now = maker.files "f"
  for path in pairs(old) do
    if new[path] and not now[path] then error(("%s: %s is gone"):format(where, path)) end
  end
  local status = apply(table.unpack(APPLY))
  if status ~= 0 then error(("%s: the second apply: %s %s"):format(where, status, tiny.read_file "errors")) end
  check.equal(maker.shown("f", true), wanted, where)
  maker.run "! find f -name '.tinylua-*' | grep ."
  check.equal(#tiny.list_dir "p/upper", 0, where)
end

fresh()
check.equal(apply(table.unpack(APPLY)), 0, tiny.read_file "errors")
check.equal(maker.shown("f", true), wanted)
new = maker.files "f"

local function strace(...)
  local words = { "/usr/bin/strace", "-qq", "-f", ... }
  table.move(APPLY, 1, #APPLY, #words + 1, words)
  return apply(table.unpack(words))
end

local killed = 0
for call in CALLS:gmatch "%S+" do
  fresh()
  check.equal(strace("-o", "calls", "-e", "trace=" .. call, "-e", "signal=none"), 0)
  local count = select(2, tiny.read_file "calls":gsub("\n", ""))
  for number = 1 + killed % SAMPLE, count, SAMPLE do
    fresh()
    local status = strace("-o", "/dev/null", "-e", "trace=" .. call, "-e", ("inject=%s:signal=SIGKILL:when=%d"):format(call, number))
    if status ~= 0 then
      killed = killed + 1
      verify(("%s %d of %d"):format(call, number, count))
    end
  end
end
assert(killed >= 10, ("killed %d times"):format(killed))

-- At random times, also while the content of a large file is copied.
math.randomseed(tonumber(os.getenv "TINYLUA_TEST_SEED") or 1)
local interrupted = 0
LARGE = "for i in 1 2 3; do yes $i | head -c 20000000 >large$i; done; "
fresh()
local begin = tiny.clock "monotonic"
check.equal(apply(table.unpack(APPLY)), 0)
local span = tiny.clock "monotonic" - begin
new = maker.files "f"
for kill = 1, KILLS do
  fresh()
  local child <close> = tiny.fork(function() tiny.exec { table.unpack(APPLY) } end)
  tiny.poll({ child }, math.random() * span)
  tiny.kill(child, "SIGKILL")
  local status = child:wait()
  if status ~= 0 then interrupted = interrupted + 1 end
  verify("kill " .. kill)
end
print(("killed at %d system calls and %d of %d random times"):format(killed, interrupted, KILLS))
