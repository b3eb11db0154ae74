-- A pool of prepared containers: each run has a fresh one, its input, output, status and limits; nothing remains.
local check = require "check"

local HEAD = [[
local tiny_pool = require "tiny.pool"
local function equal(got, want, what)
  if got ~= want then error(("%s: got %s, want %s"):format(what or "value", tiny.show(got), tiny.show(want)), 2) end
end
]]

-- Runs a recipe that acts itself; it fails where one of its assertions does.
local function recipe(text, killed)
  tiny.write_file("/tmp/pool.lua", HEAD .. text, { mode = tonumber("644", 8) })
  local out = check.succeeds("run", "/tmp/pool.lua")
  -- As with any supervisor, the next command cleans up after a keeper that was killed.
  if killed then check.succeeds("gc") end
  check.no_container()
  return out
end

-- Results: status, signal, streams, environment, and what cannot be executed.
recipe [[
local pool <close> = tiny_pool.new { size = 2, env = { FIXED = "1", CHANGED = "old" } }
local r = pool:run({ "sh", "-c", "cat; echo $FIXED $CHANGED; echo bad >&2; exit 3" }, { stdin = "given ", env = { CHANGED = "new" } })
equal(r.status, 3)
equal(r.stdout, "given 1 new\n")
equal(r.stderr, "bad\n")
equal(r.timed_out, false)
equal(r.oom, false)
equal(r.error, nil)
assert(r.usage.wall_seconds > 0 and r.usage.cpu_seconds >= 0 and r.usage.rss_peak > 0, "usage")
equal(pool:run("echo $0; kill -9 $$; echo on").status, 0, "PID 1 does not kill itself")
equal(pool:run({ "sh", "-c", "printf '%s,' \"$@\"", "x", "a b", "", "\255" }).stdout, "a b,,\255,")
r = pool:run { "nonexistent" }
equal(r.status, 127)
assert(r.error:find("ENOENT", 1, true), r.error)
equal(pool:run({ "/etc/passwd" }).status, 126)
equal(pool:run({ "cat" }).stdout, "", "the input is empty unless given")
local big = ("0123456789abcdef"):rep(32768)
equal(pool:run({ "cat" }, { stdin = big }).stdout, big)
equal(pool:run({ "true" }, { stdin = big }).status, 0, "who reads nothing")
]]

-- No container is used twice: files, memory file systems, processes, System V IPC and names are new.
recipe [[
local pool <close> = tiny_pool.new { size = 3, tmpfs = { "/scratch" } }
local names = {}
for _ = 1, 8 do
  local r = pool:run "ls -A /scratch /tmp /etc/mark 2>/dev/null; touch /scratch/x /tmp/x /etc/mark; sleep 100 & echo $$; hostname"
  local found, pid, name = r.stdout:match("^(.-)(%d+)\n(%x+)\n$")
  equal(found, "/scratch:\n\n/tmp:\n", "what was left")
  equal(pid, "1")
  assert(not names[name], "a name is used twice")
  names[name] = true
end
]]

-- Limits: time, output, and memory where it can be limited.
recipe [[
local pool <close> = tiny_pool.new { size = 2 }
local began = tiny.clock("monotonic")
local r = pool:run("trap '' TERM; while :; do :; done", { timeout = "300ms" })
equal(r.status, 124)
equal(r.timed_out, true)
equal(r.exceeded, "timeout")
assert(tiny.clock("monotonic") - began >= 0.3 and tiny.clock("monotonic") - began < 10, "it took " .. tiny.clock("monotonic") - began)
r = pool:run("sleep 100 & sleep 100", { timeout = "100ms" })
equal(r.timed_out, true)
r = pool:run("echo first; while :; do echo flood; echo flood >&2; done", { max_output = "20k", timeout = "60s" })
equal(r.status, 153)
equal(r.exceeded, "max_output")
equal(#r.stdout + #r.stderr, 20 * 1024)
r = pool:run({ "head", "-c", "20480", "/dev/zero" }, { max_output = "20k" })
equal(r.exceeded, nil, "exactly the limit")
equal(#r.stdout, 20480)
r = pool:run("(sleep 100; echo late) & echo early")
equal(r.stdout, "early\n", "what is left in the background ends with PID 1")
]]

-- The size 0 prepares nothing ahead; a claim waits for a container, but not longer than asked.
recipe [[
local pool <close> = tiny_pool.new { size = 0 }
for i = 1, 3 do equal(pool:run({ "echo", tostring(i) }).stdout, i .. "\n") end
equal(pool:run({ "true" }, { wait = "1us" }), nil)
local small <close> = tiny_pool.new {}
for i = 1, 5 do equal(small:run({ "echo", tostring(i) }).stdout, i .. "\n") end
]]

-- Several processes share a pool, and each run belongs to one of them.
recipe [[
local pool <close> = tiny_pool.new { size = 3 }
local workers = {}
for n = 1, 4 do
  workers[n] = tiny.fork(function()
    for i = 1, 5 do equal(pool:run({ "echo", tostring(n), tostring(i) }, { timeout = "60s" }).stdout, n .. " " .. i .. "\n") end
  end)
end
for _, worker in ipairs(workers) do equal(worker:wait(), 0) end
]]

-- A recipe that ends without closing it, and one that is killed, leave nothing either.
local function idle()
  for _ = 1, 600 do
    if not pcall(check.no_container) then tiny.poll({}, "50ms") else return end
  end
  check.no_container()
end
tiny.write_file("/tmp/open.lua", HEAD .. 'local pool = tiny_pool.new { size = 3 } print(pool:run({ "echo", "ran" }).stdout)', { mode = tonumber("644", 8) })
check.equal(check.succeeds("run", "/tmp/open.lua"), "ran\n\n")
idle()
tiny.write_file("/tmp/killed.lua", HEAD .. [[
local pool = tiny_pool.new { size = 3 }
pool:run { "true" }
print "ready"
io.stdout:flush()
pool:run { "sleep", "1000" }]], { mode = tonumber("644", 8) })
local from, into = tiny.pipe()
local owner = check.start(function()
  tiny.dup2(into, 1)
  tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, "run", "/tmp/killed.lua" }
end)
into:close()
check.equal(from:read(), "ready\n")
owner:kill "SIGKILL"
owner:wait()
idle()

-- A keeper that is killed takes its container with it, and is replaced.
recipe([=[
local pool <close> = tiny_pool.new { size = 2 }
equal(pool:run({ "echo", "one" }).stdout, "one\n")
tiny.poll({}, "500ms")
local killed = 0
local me = tiny.getuid()
for _, pid in ipairs(tiny.list_dir "/proc") do
  local title = pid:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. pid .. "/cmdline") or ""
  if title:find("tinylua: keeper of", 1, true) and tiny.stat("/proc/" .. pid).uid == me then
    local process <close> = tiny.pidfd_open(tonumber(pid))
    if process then
      tiny.kill(process, "SIGKILL")
      tiny.poll { process }
      killed = killed + 1
    end
  end
end
assert(killed >= 1, "keepers found: " .. killed)
tiny.poll({}, "500ms") -- their containers end now
for i = 1, 4 do equal(pool:run({ "echo", tostring(i) }).stdout, i .. "\n") end
]=], true)

-- Refusals, each before a process is created.
local function refused(text, of)
  tiny.write_file("/tmp/refused.lua", of, { mode = tonumber("644", 8) })
  local result = check.run { "run", "/tmp/refused.lua" }
  assert(result.err:find(text, 1, true), result.err)
  check.equal(result.status, 125)
end
refused("pool.new: unknown key \"sise\"; did you mean \"size\"?", 'require("tiny.pool").new { sise = 4 }')
refused("pool.new: size: 101 is not between 0 and 100", 'require("tiny.pool").new { size = 101 }')
refused("pool.new: size: -1 is not between 0 and 100", 'require("tiny.pool").new { size = -1 }')
refused("pool.new: command cannot be set for a pool", 'require("tiny.pool").new { command = "true" }')
refused("pool.new: seccomp.notify cannot be set for a pool", 'require("tiny.pool").new { seccomp = { notify = { mkdir = function() end } } }')
refused("pool.new: cow cannot be set for a pool", 'require("tiny.pool").new { cow = { "/tmp" } }')
refused("pool.new: memory: expected a size", 'require("tiny.pool").new { memory = "lots" }')
refused("the rootfs /nowhere does not exist", 'require("tiny.pool").new { rootfs = "/nowhere" }')
refused("pool:run: no command given", 'require("tiny.pool").new {}:run {}')
refused("pool:run: unknown key \"timout\"; did you mean \"timeout\"?", 'require("tiny.pool").new {}:run({ "true" }, { timout = 1 })')
refused("pool:run: timeout: expected a duration", 'require("tiny.pool").new {}:run({ "true" }, { timeout = "soon" })')
refused("contains a zero byte", 'require("tiny.pool").new {}:run { "a\\0b" }')
refused("the pool is closed", 'local p = require("tiny.pool").new {} p:close() p:close() p:run { "true" }')
-- What only shows when a container is created is reported by the run.
refused("the pool cannot prepare a container", 'require("tiny.pool").new { user = "nobody-here" }:run { "true" }')
idle()
