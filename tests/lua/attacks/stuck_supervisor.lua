-- A supervisor does not respond because of a callback that never returns, a stopped process, output that is not read,
-- or a lock on the record. In each case `stop` ends the container within a bounded time and records this, and rm -f
-- removes it.
local check = require "check"

-- The bound must hold on a slow machine too.
local LONGEST = 60

-- Runs tinylua with these arguments; fails if that takes longer.
local function bounded(...)
  local words = { ... }
  local out, out_end = tiny.pipe()
  local child <close> = check.start(function()
    for number = 1, 2 do tiny.dup2(out_end, number) end
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, table.unpack(words) }
  end)
  out_end:close()
  if #tiny.poll({ child }, LONGEST) == 0 then error(("%s has not come to an end after %d s"):format(table.concat(words, " "), LONGEST), 0) end
  local status, text = child:wait(), ""
  while #tiny.poll({ out }, 0) > 0 do
    local bytes = out:read()
    if not bytes then break end
    text = text .. bytes
  end
  if status ~= 0 then error(("%s: status %s: %s"):format(table.concat(words, " "), status, text), 0) end
  return text
end

local function state_of(name) return tiny.json_decode(check.succeeds("inspect", name))[1].state end

local function wait_for(what, holds)
  local deadline = tiny.clock("monotonic") + LONGEST
  while not holds() do
    if tiny.clock("monotonic") > deadline then error(what .. " does not come", 0) end
    tiny.poll({}, "20ms")
  end
end

-- In the foreground, with its output to a pipe that is not read or to /dev/null; returns the process.
local function start(arguments, into)
  return check.start(function()
    local null = tiny.open("/dev/null", { read = true, write = true })
    for number = 0, 2 do tiny.dup2(number == 1 and into or null, number) end
    tiny.exec { env = check.environment, "/proc/self/exe", "--root", check.root, table.unpack(arguments) }
  end)
end

-- Writes a recipe with these keys and runs it in the background.
local function run(name, keys)
  local path = ("/tmp/%s.lua"):format(name)
  tiny.write_file(path, ('return require("tiny.container").new { name = %q, %s }'):format(name, keys))
  check.succeeds("run", "-d", path)
end

local function stopped_supervisor(name) tiny.kill(tiny.pidfd_open(state_of(name).supervisor.pid), "SIGSTOP") end
-- It sleeps forever: many busy processes would only slow down the test.
local LOOP = 'tiny.write_file("/tmp/%s.loops", "") while true do tiny.poll({}, 1000) end'
local function loops(name) wait_for(name .. "'s loop", function() return tiny.stat(("/tmp/%s.loops"):format(name)) end) end

-- Each creates a container with this name whose supervisor does not respond.
local cases = {}
function cases.callback(name)
  run(name, ('command = "echo x; sleep 1000", on_log = function() %s end'):format(LOOP:gsub("tiny.poll.*1000%)", ""):format(name)))
  loops(name)
end
function cases.stopped(name)
  run(name, 'command = "sleep 1000", restart = "always"')
  stopped_supervisor(name)
end
function cases.lock(name)
  run(name, ('command = "echo x; sleep 1000", on_log = function(ctx) local lock = tiny.flock(ctx.dir .. "/lock") %s end'):format(LOOP:format(name)))
  loops(name)
end
function cases.at_end(name)
  run(name, ('command = "sleep 0.2", on_exit = function() %s end'):format(LOOP:format(name)))
  loops(name)
end
function cases.stopping(name)
  run(name, ('command = "sleep 1000", stop_signal = "SIGKILL", on_exit = function() %s end'):format(LOOP:format(name)))
end
function cases.syscall(name)
  run(name, ('command = "mkdir /tmp/x; sleep 1000", seccomp = { notify = { mkdir = function() %s end, mkdirat = function() %s end } }'):format(LOOP:format(name), LOOP:format(name)))
  loops(name)
end
function cases.check(name)
  -- The health checks are its children, and PID 1 ends after them.
  run(name, 'command = "sleep 1000", health = { command = "touch /tmp/checked; sleep 1000", interval = "100ms", timeout = "900s" }')
  wait_for("a check", function() return check.run({ "exec", name, "ls", "/tmp/checked" }).status == 0 end)
  stopped_supervisor(name)
end
function cases.exec(name)
  run(name, 'command = "sleep 1000"')
  local client = start({ "exec", name, "sh", "-c", "touch /tmp/begun; sleep 1000" }, tiny.open("/dev/null", { write = true }))
  wait_for("the program", function() return check.run({ "exec", name, "ls", "/tmp/begun" }).status == 0 end)
  tiny.kill(client, "SIGSTOP")
  return client
end
function cases.unread(name)
  local from, into = tiny.pipe()
  local client = start({ "run", "--name", name, "yes" }, into)
  into:close()
  wait_for(name, function() return check.run({ "inspect", name }).status == 0 and state_of(name).status == "running" end)
  tiny.poll({}, "500ms")
  return client, from
end
function cases.viewer(name)
  run(name, 'command = "yes", log = { driver = "none" }')
  local from, into = tiny.pipe()
  local client = start({ "attach", name }, into)
  into:close()
  tiny.poll({}, "500ms")
  return client, from
end
function cases.start(name)
  local path = ("/tmp/%s.lua"):format(name)
  tiny.write_file(path, ('return require("tiny.container").new { name = %q, command = "true", before = { network = function() %s end } }'):format(name, LOOP:format(name)))
  local client = start({ "run", "-d", path }, tiny.open("/dev/null", { write = true }))
  loops(name)
  return client
end
function cases.inside(name)
  local path = ("/tmp/%s.lua"):format(name)
  tiny.write_file(path, ('return require("tiny.container").new { name = %q, command = "true", after = { rootfs = function() while true do tiny.poll({}, 1000) end end } }'):format(name))
  local client = start({ "run", "-d", path }, tiny.open("/dev/null", { write = true }))
  wait_for(name, function() return check.run({ "inspect", name }).status == 0 and state_of(name).status == "running" end)
  return client
end

-- What remains of a container besides its record.
local function left(name, before)
  for _, pid in pairs { before.pid, before.supervisor and before.supervisor.pid } do
    local status = tiny.read_file(("/proc/%d/status"):format(pid)) or ""
    assert(status == "" or status:find("\nState:%s*Z"), ("%s: process %d is left"):format(name, pid))
  end
end

local children = {}
for name, make in pairs(cases) do
  for _, how in ipairs { "stop", "rm" } do
    local mine = name .. "-" .. how
    children[mine] = tiny.fork(function()
      local held <const> = { make(mine) }
      local before = state_of(mine)
      local began = tiny.clock("monotonic")
      if how == "rm" then
        bounded("rm", "-f", mine)
        left(mine, before)
      else
        bounded("stop", "-t", "1", mine)
        -- An aborted start leaves nothing; the last callback continues, with the end recorded.
        local now = check.run { "inspect", "--format", "state.status", mine }
        check.equal(now.out, name == "start" and "" or name == "at_end" and "exited\n" or "stopped\n", mine)
        left(mine, { pid = before.pid })
        if name ~= "start" then bounded("rm", "-f", mine) end
      end
      print(("%-14s %.1f s"):format(mine, tiny.clock("monotonic") - began))
      check.equal(check.run({ "inspect", mine }).status, 1, "it is gone")
      for _, handle in ipairs(held) do tiny.try(handle.close, handle) end
    end)
  end
end
local failures, last = {}, tiny.clock("monotonic") + 3 * LONGEST
for name, child in pairs(children) do
  local ended = #tiny.poll({ child }, math.max(0, last - tiny.clock("monotonic"))) > 0
  local status, err = nil, "it has no end"
  if ended then status, err = tiny.try(child.wait, child) end
  if status ~= 0 then table.insert(failures, name .. ": " .. tostring(err or status)) end
end
table.sort(failures)
assert(#failures == 0, table.concat(failures, "\n"))
check.no_container()
