-- A log that others truncate or remove, and a follower that stalls across a rotation: every lost byte is counted.
local check = require "check"
local Logfile = require "tiny.store.logfile"

local function await(what, f)
  local deadline = tiny.clock("monotonic") + 60
  while not f() do
    if tiny.clock("monotonic") > deadline then error("in vain: " .. what, 2) end
    tiny.poll({}, "20ms")
  end
end

local function start(name, ...)
  local words = { "run", "-d", "-i", "--name", name, ... }
  table.move({ "sh", "-c", "while read -r n; do eval \"$n\"; done" }, 1, 3, #words + 1, words)
  check.succeeds(table.unpack(words))
  local id = tiny.read_file(check.root .. "/names/" .. name)
  local log = check.root .. "/containers/" .. id .. "/container.log"
  local function has(text) return (tiny.read_file(log, { max = "64m" }) or ""):find(text, 1, true) end
  local stdin = tiny.open(check.root .. "/run/" .. id .. "/stdin", { write = true })
  return function(line, text)
    stdin:write(line .. "\n")
    await(line, function() return has(text) end)
  end, log
end

-- Follows a log from its start, and returns a function that stops it and returns its output.
local function follow(name)
  local out, out_end = tiny.pipe()
  local err, err_end = tiny.pipe()
  local child = tiny.fork(function()
    tiny.dup2(out_end, 1)
    tiny.dup2(err_end, 2)
    tiny.exec { "/proc/self/exe", "--root", check.root, "logs", "-f", name }
  end)
  out_end:close()
  err_end:close()
  local text = { "", "" }
  local function read_until(wanted, note)
    await(wanted, function()
      for _, file in ipairs(tiny.poll({ out, err }, 0)) do
        local i = file == out and 1 or 2
        text[i] = text[i] .. (file:read() or "")
      end
      return text[1]:find(wanted, 1, true) and text[2]:find(note or "", 1, true)
    end)
    return text[1], text[2]
  end
  return child, read_until
end

-- Truncated to nothing, and in the middle, while it is followed.
local say, log = start "cut"
say("echo one; echo two", "two")
local child, read_until = follow "cut"
read_until "two\n"
os.execute("truncate -s 0 " .. log)
say("echo three", "three")
local out, err = read_until("three\n", "lost")
check.equal(out, "one\ntwo\nthree\n")
check.equal(err, "tinylua: 8 bytes of stdout are lost here: a part of the log was removed\n")
child:close()
local result = check.run { "logs", "cut" }
check.equal(result.out, "three\n")
check.equal(result.err, err)
local json = check.run({ "logs", "--format", "json", "cut" }).out
assert(json:find('"lost":8', 1, true), json)

-- Removed.
tiny.remove(log)
say("echo four", "four")
result = check.run { "logs", "cut" }
check.equal(result.out, "four\n")
check.equal(result.err, "tinylua: 14 bytes of stdout are lost here: a part of the log was removed\n")
check.succeeds("rm", "-f", "cut")

-- A reader that is stopped while the log is rotated more often than it has files.
say = start("fast", "--log-max-size", "128k", "--log-max-files", "2")
say("echo first", "first")
child, read_until = follow "fast"
read_until "first\n"
tiny.kill(child, "SIGSTOP")
say("for i in 1 2 3 4 5 6 7 8 9; do head -c 60000 /dev/zero | tr '\\0' x; echo; sleep 0.05; done; echo last", "last")
tiny.kill(child, "SIGCONT")
out, err = read_until("last\n", "lost")
local lost = 0
for count in err:gmatch("tinylua: (%d+) bytes of stdout are lost here: they were removed from the log before they were read\n") do
  lost = lost + math.tointeger(count)
end
assert(lost > 60000, err)
check.equal(#out + lost, #"first\n" + 9 * 60001 + #"last\n")
child:close()
check.succeeds("rm", "-f", "fast")

-- A file that is truncated and has grown again beyond the reader's position is read from its start, without repetition.
local function entry(n, text) return ('{"time":"2026-11-24T02:12:0%d.000000000Z","text":"%s"}\n'):format(n, text) end
tiny.write_file("/tmp/log", entry(1, "a") .. entry(2, "b"))
local reader, seen = Logfile.new("/tmp/log"), ""
local function read_on()
  reader:forward(function(line) seen = seen .. tiny.json_decode(line).text end)
  return seen
end
check.equal(read_on(), "ab")
local file <close> = tiny.open("/tmp/log", { write = true })
file:write(entry(1, "a") .. entry(3, ("c"):rep(200)) .. entry(4, "d"))
check.equal(read_on(), "ab" .. ("c"):rep(200) .. "d")

-- The log leaves some space free: 128 KiB of these 8 MiB.
tiny.mkdir("/tmp/disk")
local disk <close> = tiny.mount_tmpfs("/tmp/disk", { size = "8m" })
check.root = "/tmp/disk/root"
check.succeeds("run", "-d", "--name", "flood", "yes", ("x"):rep(4000))
await("the limit", function()
  return (check.succeeds("inspect", "flood")):find("the log leaves 128 KiB of its file system free", 1, true)
end)
-- So does the supervisor's copy of what it has not logged yet, which is on the same disk here.
tiny.poll({}, "1s")
local ballast = tiny.open("/tmp/disk/ballast", { write = true, create = true })
ballast:write(("x"):rep(90 * 1024))
ballast:close()
check.succeeds("rm", "-f", "flood")

-- The log is bounded without any option.
local limits = require("tiny.pipeline.logging").limits_of {}
check.equal(limits.max_size * limits.max_files, 3 * 64 << 20)
check.equal(require("tiny.pipeline.logging").limits_of({ max_size = 0 }).max_size, 0)
