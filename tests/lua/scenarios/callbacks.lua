-- Callbacks: one that throws, or calls os.exit, is reported and changes nothing else; the output of a detached
-- container's callbacks is kept small and shown by inspect; the end is recorded before on_exit.
local check = require "check"

local function recipe(keys)
  tiny.write_file("/tmp/cb.lua", ([[
return require("tiny.container").new { name = "cb", %s }]]):format(keys))
end

local ALL = [[command = "echo one; exit 4",
  on_start = function() %s end, on_log = function() %s end, on_exit = function() %s end]]

-- In the foreground: each is reported on standard error, and the status is that of the container.
for _, act in ipairs { "error('mine')", "os.exit(9)" } do
  recipe(ALL:format(act, act, act))
  local result = check.run { "run", "--rm", "/tmp/cb.lua" }
  check.equal(result.status, 4, result.err)
  check.equal(result.out, "one\n")
  for _, name in ipairs { "on_start", "on_log", "on_exit" } do
    assert(result.err:find("tinylua: cb: " .. name .. ": ", 1, true), result.err)
  end
  assert(result.err:find(act:match("mine") or "os.exit would end the supervisor: refused", 1, true), result.err)
  check.no_container()
end

-- A callback that returns several values is no failure.
recipe('command = "true", on_exit = function() return nil, "no error" end')
check.equal(check.run({ "run", "--rm", "/tmp/cb.lua" }).err, "")

-- In the background, inspect shows them with the time, and what they print.
recipe([[command = "echo one; exit 4",
  on_log = function(ctx, line) print("saw " .. line) error("in on_log") end, on_exit = function(ctx, status) os.exit(status) end]])
check.succeeds("run", "-d", "/tmp/cb.lua")
check.succeeds("wait", "cb")
local record = tiny.json_decode(check.succeeds("inspect", "cb"))[1]
check.equal(record.state.status, "exited")
check.equal(record.state.exit_code, 4)
check.equal(record.remarks[1], "saw one")
local time = record.remarks[2]:match("^(%S+) WARN  cb: on_log: .*in on_log")
assert(time and tiny.parse_timestamp(time), record.remarks[2])
assert(table.concat(record.remarks, "\n"):find("on_exit: os.exit would end the supervisor: refused", 1, true))
check.succeeds("rm", "cb")

-- When on_exit is called the end is recorded, after each of several runs.
recipe(([[command = "exit 3", restart = "on-failure:1",
  on_exit = function(ctx, status)
    local text = tiny.read_file(%q .. "/containers/" .. ctx.id .. "/state.json")
    local s = tiny.json_decode(text)
    print(s.status, s.exit_code, status)
  end]]):format(check.root))
check.equal(check.run({ "run", "/tmp/cb.lua" }).out, "restarting\t3\t3\nexited\t3\t3\n")
check.succeeds("rm", "cb")

-- Much output: the file stays small.
recipe([[command = "i=0; while [ $i -lt 1500 ]; do echo x; i=$((i+1)); done", on_log = function() print(("y"):rep(1000)) end]])
check.succeeds("run", "-d", "/tmp/cb.lua")
check.succeeds("wait", "cb")
local dir = tiny.json_decode(check.succeeds("inspect", "cb"))[1].dir
for _, name in ipairs { "/supervisor.log", "/supervisor.log.1" } do
  assert(tiny.stat(dir .. name).size < 400 * 1024, name)
end
check.succeeds("rm", "cb")
check.no_container()
