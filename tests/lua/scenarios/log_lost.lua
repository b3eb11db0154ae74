-- A log that is removed, or cannot be written while the container runs.
local check = require "check"

local function await(what, f)
  local deadline = tiny.clock("monotonic") + 60
  while not f() do
    if tiny.clock("monotonic") > deadline then error("in vain: " .. what, 2) end
    tiny.poll({}, "20ms")
  end
end

-- Starts a container that writes this number of bytes, and then a marker.
local script = "while read -r n; do [ $n = end ] && exit; head -c $n /dev/zero | tr '\\0' x; echo; echo said $n; done"
local function start(name, ...)
  local words = { "run", "-d", "-i", "--name", name, ... }
  for _, word in ipairs { "sh", "-c", script } do table.insert(words, word) end
  check.succeeds(table.unpack(words))
  local id = tiny.read_file(check.root .. "/names/" .. name)
  return tiny.open(check.root .. "/run/" .. id .. "/stdin", { write = true }), check.root .. "/containers/" .. id
end

-- The log file is removed: the next line creates it again.
local say, dir = start("removed")
local log = dir .. "/container.log"
local function has(text)
  return function() return (tiny.read_file(log, { max = "64m" }) or ""):find(text, 1, true) end
end
say:write("1\n")
await("the first line", has("said 1"))
tiny.remove(log)
say:write("2\n")
await("the log is made again", has("said 2"))
check.equal(check.succeeds("logs", "removed"), "xx\nsaid 2\n")
say:write("end\n")
check.succeeds("wait", "removed")

-- A full disk. drop: the container never blocks, and the log records how much is missing.
for _, policy in ipairs { "drop", "wait" } do
  say, dir = start(policy, "--log-on-full", policy)
  log = dir .. "/container.log"
  say:write("1\n")
  await("the first line", has("said 1"))
  -- The log's directory is on another disk, with little space.
  local disk = tiny.mount_tmpfs(dir, { size = "64k" })
  local ballast = tiny.open(dir .. "/ballast", { write = true, create = true })
  tiny.try(ballast.write, ballast, ("x"):rep(64 * 1024))
  ballast:close()
  -- The first MiB may be in the spool, which is kept.
  say:write("4000000\n")
  tiny.poll({}, "300ms")
  say:write("2\n")
  tiny.poll({}, "300ms")
  disk:keep()
  tiny.umount(dir, { detach = true })
  say:write("3\n")
  await("the last line", has("said 3"))
  say:write("end\n")
  check.succeeds("wait", policy)
  local result = check.run { "logs", policy }
  if policy == "drop" then
    local lost = tonumber(result.err:match("tinylua: (%d+) bytes of stdout are lost here: the log could not be written\n"))
    check.equal(#result.out + (lost or 0), #"x\nsaid 1\n" + 4000000 + #"\nsaid 4000000\n" + #"xx\nsaid 2\n" + #"xxx\nsaid 3\n")
    assert(lost and lost > 1000000, result.err)
    check.equal(tiny.json_decode(check.succeeds("inspect", policy))[1].state.log_lost, lost)
  else
    check.equal(#result.out, #"x\nsaid 1\n" + 4000000 + #"\nsaid 4000000\n" + #"xx\nsaid 2\n" + #"xxx\nsaid 3\n")
    check.equal(result.err, "")
  end
end
