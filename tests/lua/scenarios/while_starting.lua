-- stop, rm -f, exec and pause of a container that is being started wait for it; rm refuses; a restart that is killed
-- keeps the record of its container.
local check = require "check"

-- Its start continues when the gate exists; `begun` reports that it has come so far.
tiny.write_file("/tmp/slow.lua", [[
return require("tiny.container").new {
  name = "slow", command = { "sleep", "60" },
  before = { cgroup = function()
    if not tiny.stat("/tmp/gate") then return end
    local f = io.open("/tmp/begun", "w") f:write("x") f:close()
    f = io.open("/tmp/gate") f:read(1) f:close()
  end },
}]])
tiny.mknod("/tmp/gate", "fifo")
tiny.mknod("/tmp/begun", "fifo")

-- Runs `arguments`, which start the container, in a separate process, until the start has begun.
local function begin(arguments)
  local child = tiny.fork(function() check.run(arguments) end)
  tiny.open("/tmp/begun"):read(1)
  return child
end

local function open_gate()
  local gate <close> = tiny.open("/tmp/gate", { write = true })
  gate:write("x")
end

local function status()
  local found = tiny.json_decode(check.succeeds("ps", "-a", "--format", "json"))[1]
  return found and found.status
end

for _, command in ipairs { { "stop", "-t", "0", "slow" }, { "rm", "-f", "slow" } } do
  local starter <close> = begin { "run", "-d", "/tmp/slow.lua" }
  local refused = check.run { "rm", "slow" }
  check.equal(refused.err, "tinylua: slow is starting\n  hint: stop it first, or use rm -f\n")
  local waiting <close> = tiny.fork(function()
    local did = check.run(command)
    return did.out == "slow\n" and did.status or 99
  end)
  open_gate()
  check.equal(waiting:wait(), 0, command[1])
  starter:wait()
  check.equal(status(), command[1] == "stop" and "stopped" or nil)
  if status() then check.succeeds("rm", "slow") end
end
check.no_container()

-- exec and pause wait for the start too.
for _, command in ipairs { { "exec", "slow", "true" }, { "pause", "slow" } } do
  local starter <close> = begin { "run", "-d", "/tmp/slow.lua" }
  local waiting <close> = tiny.fork(function()
    local did = check.run(command)
    return did.err == "" and did.status or 99
  end)
  check.equal(waiting:wait("200ms"), nil, "it waits")
  open_gate()
  check.equal(waiting:wait(), 0, command[1])
  starter:wait()
  check.succeeds("rm", "-f", "slow")
end

-- Recorded as running, but still in the host's root: no process enters before it has left that.
tiny.mknod("/tmp/gate2", "fifo")
tiny.write_file("/tmp/late.lua", [[
local gate = tiny.open("/tmp/gate2", { read = true, write = true })
return require("tiny.container").new {
  name = "late", command = { "sleep", "60" },
  before = { rootfs = function() gate:read(1) end },
}]])
local starter <close> = tiny.fork(function() check.run { "run", "-d", "/tmp/late.lua" } end)
local watch <close> = tiny.watch { check.root }
while status() ~= "running" do tiny.poll({ watch }, "50ms") end
local entering <close> = tiny.fork(function() return check.run({ "exec", "late", "test", "-e", "/tmp/gate2" }).status end)
local copying <close> = tiny.fork(function() return check.run({ "cp", "late:/tmp/gate2", "-" }).status end)
check.equal(entering:wait("300ms"), nil, "exec waits")
check.equal(copying:wait("0s"), nil, "cp waits")
local gate <close> = tiny.open("/tmp/gate2", { read = true, write = true })
gate:write("x")
starter:wait()
check.equal(entering:wait(), 1, "inside, where the host's file is not")
check.equal(copying:wait(), 125, "the host's file is not copied")
check.succeeds("rm", "-f", "late")

tiny.remove("/tmp/gate")
check.succeeds("run", "-d", "/tmp/slow.lua")
check.succeeds("stop", "-t", "0", "slow")
local record = tiny.json_decode(check.succeeds("inspect", "slow"))[1]
record.state.status, record.state.again = "starting", true
tiny.write_file(record.dir .. "/state.json", tiny.json_encode(record.state))
check.equal(status(), "exited", "a restart that was killed")
check.succeeds("rm", "slow")
