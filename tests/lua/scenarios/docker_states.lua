-- What docker does for each command and each state of a container, with unknown and ambiguous names, and with several names:
-- scripts written for docker find the same exit statuses here. "-": docker has no fixed result, or the command was tested before.
local check = require "check"

local STATES = { "created", "running", "paused", "exited", "restarting" }

-- Puts a container into a state; returns its name.
local made = 0
local function container(state)
  made = made + 1
  local name = ("c%d"):format(made)
  local lives = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
  local function run(...) check.succeeds("run", "-d", "--network", "none", "--name", name, ...) end
  if state == "created" then check.succeeds("create", "--network", "none", "--name", name, "true")
  elseif state == "running" or state == "paused" or state == "stopped" then
    run("sh", "-c", lives)
    if state == "paused" then check.succeeds("pause", name) end
    if state == "stopped" then check.succeeds("stop", name) end
  elseif state == "exited" then
    run("sh", "-c", "exit 3")
    check.equal(check.succeeds("wait", name), "3\n")
  elseif state == "restarting" then
    -- The delay doubles from 0.1 s: after a few restarts it is long enough for a command.
    run("--restart", "always", "sh", "-c", "exit 3")
    local last = tiny.clock("monotonic") + 60
    local function restarts() return tonumber(check.succeeds("inspect", "--format", "state.restarts or 0", name)) end
    while restarts() < 4 and tiny.clock("monotonic") < last do tiny.poll({}, "50ms") end
    while check.succeeds("inspect", "--format", "state.status", name) ~= "restarting\n" do tiny.poll({}, "20ms") end
  end
  return name
end

-- Exit statuses in the order of STATES. false: any failure. NAME stands for the container.
local TABLE = {
  { { "start", "NAME" }, 0, 0, 1, 0, 0 },
  { { "stop", "-t", "0", "NAME" }, 0, 0, 0, 0, 0 },
  { { "kill", "NAME" }, 1, 0, 0, 1, 0 },
  { { "kill", "-s", "USR1", "NAME" }, 1, 0, 0, 1, "-" },
  { { "restart", "-t", "0", "NAME" }, 0, 0, 0, 0, 0 },
  { { "pause", "NAME" }, 1, 0, 1, 1, 1 },
  { { "unpause", "NAME" }, 1, 1, 0, 1, 1 },
  { { "rm", "NAME" }, 0, 1, 1, 0, 1 },
  { { "rm", "-f", "NAME" }, 0, 0, 0, 0, 0 },
  { { "wait", "NAME" }, 0, "-", "-", 0, "-" },
  { { "exec", "NAME", "true" }, false, 0, false, false, false },
  { { "logs", "NAME" }, 0, 0, 0, 0, 0 },
  { { "top", "NAME" }, false, 0, 0, false, false },
  { { "port", "NAME" }, 0, 0, 0, 0, 0 },
  { { "inspect", "NAME" }, 0, 0, 0, 0, 0 },
  { { "rename", "NAME", "other" }, 0, 0, 0, 0, 0 },
  { { "update", "-m", "64m", "NAME" }, 0, 0, 0, 0, 0 },
  -- docker copies between two restarts too; here the supervisor holds the container until the next one.
  { { "cp", "NAME:/etc/passwd", "/tmp/passwd" }, 0, 0, 0, 0, "-" },
  { { "attach", "NAME" }, false, "-", false, false, "-" },
  { { "stats", "--no-stream", "NAME" }, "-", 0, 0, "-", "-" },
}

local wrong, cases = {}, 0
local function expect(want, what, result)
  cases = cases + 1
  local right = result.status == want or want == false and result.status ~= 0
  if not right then table.insert(wrong, ("%s: status %s, want %s: %s"):format(what, result.status, tostring(want), result.err)) end
end

for _, row in ipairs(TABLE) do
  for i, state in ipairs(STATES) do
    local want = row[i + 1]
    if want ~= "-" then
      local name, words = container(state), {}
      for k, word in ipairs(row[1]) do words[k] = word:gsub("NAME", name) end
      expect(want, ("%s, %s"):format(table.concat(row[1], " "), state), check.run(words))
      check.run { "rm", "-f", name }
      if row[1][1] == "rename" then check.run { "rm", "-f", "other" } end
    end
  end
  local words = {}
  for k, word in ipairs(row[1]) do words[k] = word:gsub("NAME", "missing") end
  expect(false, table.concat(row[1], " ") .. ", unknown name", check.run(words))
end

-- Several names: the others are handled, and the status is 1.
local function both(state, ...)
  local one, two, words = container(state), container(state), { ... }
  table.insert(words, one)
  table.insert(words, "missing")
  table.insert(words, two)
  local result = check.run(words)
  expect(1, table.concat({ ... }, " ") .. " of several", result)
  assert(result.err:find('no such container', 1, true), result.err)
  return one, two
end
local function status(name) return check.succeeds("inspect", "--format", "state.status", name):gsub("\n", "") end
local function all_are(want, what, ...)
  for _, name in ipairs { ... } do check.equal((status(name)), want, what) end
  check.succeeds("rm", "-f", ...)
end
all_are("running", "start", both("stopped", "start"))
all_are("stopped", "stop", both("running", "stop", "-t", "0"))
all_are("paused", "pause", both("running", "pause"))
all_are("running", "unpause", both("paused", "unpause"))
all_are("running", "restart", both("running", "restart", "-t", "0"))
local killed, killed_too = both("running", "kill")
check.equal(check.succeeds("wait", killed, killed_too), "137\n137\n")
check.succeeds("rm", killed, killed_too)
both("running", "rm", "-f")
both("exited", "rm")
check.no_container()

-- An ambiguous prefix names none of them.
local ids, first = {}, nil
while not first do
  local id = check.succeeds("create", "--network", "none", "true"):sub(1, 12)
  if ids[id:sub(1, 1)] then first = id:sub(1, 1) end
  ids[id:sub(1, 1)] = true
end
for _, command in ipairs { "start", "stop", "kill", "rm", "wait", "inspect", "logs" } do
  local result = check.run { command, first }
  expect(false, command .. " of an ambiguous prefix", result)
  assert(result.err:find("is the beginning of several ids", 1, true), result.err)
end
check.succeeds("prune")
for id in check.succeeds("ps", "-aq"):gmatch("%x+") do check.succeeds("rm", id) end

-- What a script reads from `wait`: the status, also of a container that removes itself, and of one that was removed.
check.succeeds("run", "-d", "--rm", "--network", "none", "--name", "self", "sh", "-c", "sleep 1; exit 7")
check.equal(check.succeeds("wait", "self"), "7\n")
check.succeeds("run", "-d", "--network", "none", "--name", "gone", "sleep", "1000")
local waiter = tiny.fork(function() os.exit(check.run({ "wait", "gone" }).out == "137\n" and 0 or 1) end)
tiny.poll({}, "200ms")
check.succeeds("rm", "-f", "gone")
check.equal(waiter:wait(), 0, "wait for a removed container")

-- A killed container stays down, whatever its restart policy; a signal that is not its stop signal does not end it for good.
check.succeeds("run", "-d", "--restart", "always", "--network", "none", "--name", "policy", "sh", "-c", "trap 'exit 1' USR1; while :; do sleep 0.02; done")
tiny.poll({}, "200ms")
check.succeeds("kill", "-s", "USR1", "policy")
tiny.poll({}, "500ms")
check.equal((status "policy"), "running", "restarted after USR1")
check.succeeds("kill", "policy")
check.equal(check.succeeds("wait", "policy"), "137\n")
check.equal((status "policy"), "exited")
check.succeeds("start", "policy")
check.equal((status "policy"), "running")
check.succeeds("rm", "-f", "policy")

-- PID 1 and an exec in it end together: rm finds the container ended.
for _ = 1, 10 do
  check.succeeds("run", "-d", "--network", "none", "--name", "both", "sh", "-c", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done")
  while check.succeeds("logs", "both") == "" do tiny.poll({}, "5ms") end
  check.equal(check.run({ "exec", "both", "sh", "-c", "kill -TERM 1; sleep 1000" }).status, 137)
  check.succeeds("rm", "both")
end

local refused = check.run { "run", "--rm", "--restart", "always", "--network", "none", "true" }
check.equal(refused.status, 125)
check.equal(refused.err, "tinylua: --rm cannot be combined with the restart policy always, which never lets the container go\n"
  .. "  hint: leave --rm out, or choose --restart on-failure or no\n")
check.no_container()

if wrong[1] then error(("%d of %d cases:\n%s"):format(#wrong, cases, table.concat(wrong, ""))) end
print(cases .. " cases")
