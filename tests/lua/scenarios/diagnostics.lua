-- --log: diagnostics of a container's life from the shipped Lua and from Rust, written by the command, its supervisor
-- and the supervisor that recovers it; supervisor.log in the requested format; and the container does not have the file
-- open.
local check = require "check"

local function recipe(keys) tiny.write_file("/tmp/c.lua", ('return require("tiny.container").new { name = "c", %s }'):format(keys)) end

-- The messages in a file of JSON lines, each with its fields, by message.
local function messages(text)
  local by = {}
  for line in text:gmatch("[^\n]+") do
    local one = assert(tiny.json_decode(line), line)
    assert(one.time and one.level and one.msg, line)
    by[one.msg] = one
  end
  return by
end

-- A life cycle: in the foreground the messages go where the options direct them.
recipe [[command = "exit 3", restart = "on-failure:1"]]
local result = check.run { "--log-format", "json", "--log-level", "info", "run", "--rm", "/tmp/c.lua" }
check.equal(result.status, 3)
local told = messages(result.err)
check.equal(told["the container runs"].container, "c")
check.equal(told["starts again soon"].restarts, 1)
check.equal(told["the container has ended"].status, 3)

-- In the background a supervisor continues in the file, and its own messages are in supervisor.log, in the same format.
local log = "/tmp/out"
recipe [[command = "echo one; exec sleep 60", init = true, on_log = function(ctx, line) print("saw " .. line) error "mine" end]]
check.succeeds("run", "-d", "--log", log, "--log-format", "json", "--log-level", "debug", "/tmp/c.lua")
local dir = tiny.json_decode(check.succeeds("inspect", "c"))[1].dir
local news <close> = tiny.watch { dir }
local function supervisor_log() return tiny.read_file(dir .. "/supervisor.log") or "" end
while not supervisor_log():find("mine", 1, true) do tiny.poll({ news }, "5s") news:changes() end
local printed, line = supervisor_log():match("^([^\n]*)\n([^\n]*)\n")
check.equal(printed, "saw one")
local warning = tiny.json_decode(line)
check.equal(warning.level, "warn")
assert(warning.msg:find("^c: on_log: .*mine"), warning.msg)
-- The file has it too.
told = messages(tiny.read_file(log))
check.equal(told[warning.msg].pid, warning.pid)
check.equal(told["the container runs"].id, tiny.json_decode(check.succeeds("inspect", "c"))[1].id)
check.equal(told.begins.from, "command")

-- Neither its program, nor tinylua's PID 1, nor programs started in it have the file open.
local found = check.succeeds("--log", log, "--log-level", "trace", "exec", "c", "sh", "-c", "ls -l /proc/[0-9]*/fd; true")
assert(found:find("/proc/2/fd", 1, true) and not found:find(log, 1, true), found)

-- The command that recovers it reports that.
local s = tiny.json_decode(tiny.read_file(dir .. "/state.json"))
local supervisor <close> = tiny.pidfd_open(s.supervisor.pid)
tiny.kill(supervisor, "SIGKILL")
tiny.poll({ supervisor }, "10s")
told = messages(check.run({ "--log-level", "info", "--log-format", "json", "ps" }).err)
check.equal(told["the container has no supervisor"].living, true)
check.succeeds("rm", "-f", "c")

-- Text is the default format.
recipe [[command = "echo one", on_log = function() error "mine" end]]
check.succeeds("run", "-d", "/tmp/c.lua")
check.succeeds("wait", "c")
line = tiny.json_decode(check.succeeds("inspect", "c"))[1].remarks[1]
local time = line:match("^(%S+) WARN  c: on_log: .*mine")
assert(time and tiny.parse_timestamp(time), line)
check.succeeds("rm", "c")

-- Invalid values are refused before anything is done.
for _, words in ipairs { { "--log-level", "loud" }, { "--log-format", "xml" }, { "--log", "/nowhere/out" }, { "--log", "/" } } do
  check.equal(check.run({ words[1], words[2], "run", "-d", "sleep", "60" }).status, 2, words[1])
  check.equal(check.run({ "run", words[1], words[2], "-d", "sleep", "60" }).status, 2, words[1])
end
check.environment = { PATH = os.getenv "PATH", TINYLUA_LOG = "loud" }
check.equal(check.run({ "run", "-d", "sleep", "60" }).status, 2, "TINYLUA_LOG")
check.environment = nil
check.no_container()
