-- --log-driver, --log-max-size, --log-max-files: rotation keeps the order, none keeps nothing but still shows output,
-- passthrough uses the caller's streams.
local check = require "check"

local function dir_of(name)
  return check.root .. "/containers/" .. tiny.json_decode(check.succeeds("inspect", name))[1].id
end

-- Rotation: the remaining output is the end without a gap, over all files, none too large.
check.succeeds("run", "--name", "turned", "--log-max-size", "128k", "--log-max-files", "3", "sh", "-c",
  "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo line $i; done; sleep 0.2; echo end >&2")
-- The files of a container's log, none too large.
local function files_in(dir)
  local files = {}
  for _, name in ipairs(tiny.list_dir(dir)) do
    if name:match("^container%.log") then
      table.insert(files, name)
      assert(tiny.stat(dir .. "/" .. name).size <= 128 * 1024, name .. " is too large")
    end
  end
  table.sort(files)
  return files
end
local dir = dir_of "turned"
local files = files_in(dir)
check.equal(table.concat(files, " "), "container.log container.log.1 container.log.2")
local result = check.run { "logs", "turned" }
check.equal(result.err, "end\n")
local first = tonumber(result.out:match("^line (%d+)\n"))
local expected = first
for line in result.out:gmatch("[^\n]+") do
  check.equal(line, "line " .. expected)
  expected = expected + 1
end
check.equal(expected, 60001)
assert(first > 1, "nothing was rotated away")
-- --tail from the end, across the files.
local tail = check.run({ "logs", "--tail", "2000", "turned" }).out
check.equal(select(2, tail:gsub("\n", "")), 1999) -- one of them is on stderr
check.equal(tail:match("^line (%d+)\n"), "58002")
check.equal(check.run({ "logs", "-n", "2", "turned" }).out, "line 60000\n")

-- logs -f continues after a rotation.
check.succeeds("run", "-d", "--name", "fast", "--log-max-size", "128k", "--log-max-files", "4", "sh", "-c",
  "sleep 0.3; i=0; while [ $i -lt 9 ]; do i=$((i+1)); head -c 60000 /dev/zero | tr '\\0' x; echo; echo $i; sleep 0.1; done")
local followed = check.succeeds("logs", "-f", "fast"):gsub("x+\n", "")
check.equal(followed, "1\n2\n3\n4\n5\n6\n7\n8\n9\n")

-- none: shown in the foreground, stored nowhere.
local shown = check.run { "run", "--name", "quiet", "--log-driver", "none", "sh", "-c", "echo out; echo err >&2; exit 4" }
check.equal(shown.status, 4)
check.equal(shown.out .. shown.err, "out\nerr\n")
check.equal(tiny.stat(dir_of "quiet" .. "/container.log"), nil)
local refused = check.run { "logs", "quiet" }
check.equal(refused.status, 125)
check.equal(refused.err, "tinylua: quiet keeps no log: its log driver is none\n  hint: create the container with --log-driver json to keep one\n")
-- In the background, output that is not read does not block the container.
check.succeeds("run", "-d", "--name", "mute", "--log-driver", "none", "sh", "-c", "head -c 5000000 /dev/zero")
check.equal(check.succeeds("wait", "mute"), "0\n")

-- passthrough: the caller's own pipe, also in the background and after a restart.
local direct = check.run { "run", "--name", "direct", "--log-driver", "passthrough", "sh", "-c", "readlink /proc/self/fd/1; echo err >&2" }
assert(direct.out:match("^pipe:%[%d+%]\n$"), direct.out)
check.equal(direct.err, "err\n")
check.equal(check.run({ "logs", "direct" }).err, "tinylua: direct keeps no log: its log driver is passthrough\n  hint: its output went to the command that started it\n")
local again = check.run { "run", "-d", "--name", "again", "--log-driver", "passthrough", "--restart", "on-failure:1", "sh", "-c", "echo hello; exit 1" }
check.equal(select(2, again.out:gsub("hello\n", "")), 2)

-- Invalid input.
local function wrong(status, text, ...)
  local bad = check.run { "run", ... }
  check.equal(bad.status, status, bad.err)
  assert(bad.err:find(text, 1, true), bad.err)
end
wrong(2, "json, json-file, none, passthrough", "--log-driver", "jsn", "true")
wrong(2, "is not a size", "--log-max-size", "x", "true")
wrong(125, "log: max_size: 10 bytes is less than one entry may need\n  hint: the minimum is 128k; 0 sets no limit", "--log-max-size", "10", "true")
wrong(125, "log: max_files: 0 is too few\n  hint: the minimum is 1", "--log-max-size", "1m", "--log-max-files", "0", "true")
wrong(125, "log: max_files needs max_size, which is 0", "--log-max-size", "0", "--log-max-files", "2", "true")
wrong(125, "log: max_size needs the json driver, and the driver is none", "--log-driver", "none", "--log-max-size", "1m", "true")
wrong(125, "log: the driver passthrough cannot be combined with a terminal (-t)", "-t", "--log-driver", "passthrough", "true")
tiny.write_file("/tmp/bad.lua", 'return require("tiny.container").new { command = "true", log = { drivr = "none" } }')
wrong(125, 'log: unknown key "drivr"; did you mean "driver"?', "/tmp/bad.lua")
tiny.write_file("/tmp/good.lua", 'return require("tiny.container").new { command = "echo hi", log = { driver = "none" } }')
check.equal(check.succeeds("run", "/tmp/good.lua"), "hi\n")

-- Any amount of output that was buffered while a supervisor was stopped.
check.succeeds("run", "-d", "--name", "late", "--log-max-size", "128k", "--log-max-files", "3", "sh", "-c",
  "while [ ! -e /tmp/go ]; do sleep 0.05; done; i=0; while [ $i -lt 30000 ]; do i=$((i+1)); echo line $i; done; touch /tmp/done; sleep 1000")
local supervisor <close> = tiny.pidfd_open(math.tointeger(check.succeeds("inspect", "--format", "state.supervisor.pid", "late")))
tiny.kill(supervisor, "SIGSTOP")
check.succeeds("exec", "late", "touch", "/tmp/go")
check.succeeds("exec", "late", "sh", "-c", "while [ ! -e /tmp/done ]; do sleep 0.05; done")
tiny.kill(supervisor, "SIGCONT")
local late, deadline = dir_of "late", tiny.clock("monotonic") + 60
repeat tiny.poll({}, 0.05) until check.succeeds("logs", "--tail", "1", "late") == "line 30000\n" or tiny.clock("monotonic") > deadline
check.equal(#files_in(late), 3)
check.succeeds("rm", "-f", "late")
