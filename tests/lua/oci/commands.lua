-- The commands around a container: state, list, ps, kill, delete, update, events, features, spec, pid files, descriptors, the log.
local check = require "check"
local oci = require "oci_bundle"

local function lines(text)
  local found = {}
  for line in text:gmatch "[^\n]+" do table.insert(found, line) end
  return found
end

-- spec writes a configuration that runs.
tiny.mkdir "/tmp/spec"
oci.succeeds { "spec", "--bundle", "/tmp/spec" }
local config = tiny.json_decode(tiny.read_file "/tmp/spec/config.json")
check.equal(config.ociVersion, "1.3.0")
check.equal(config.process.terminal, true)
oci.fails("config.json exists already", { "spec" }, { at = "/tmp/spec" })
tiny.rename(oci.folder() .. "/rootfs", "/tmp/spec/rootfs")
config.process.terminal, config.process.args = false, { "echo", "from spec" }
oci.write("/tmp/spec", config)
check.equal(oci.succeeds({ "run", "a" }, { at = "/tmp/spec" }).out, "from spec\n")
tiny.mkdir "/tmp/rootless"
oci.succeeds { "spec", "--rootless", "-b", "/tmp/rootless" }
check.equal(tiny.json_decode(tiny.read_file "/tmp/rootless/config.json").linux.uidMappings[1].size, 1)

-- Another configuration file.
tiny.write_file("/tmp/other.json", (tiny.read_file "/tmp/spec/config.json":gsub("from spec", "from other")))
check.equal(oci.succeeds { "run", "--config", "/tmp/other.json", "--bundle", "/tmp/spec", "a" }.out, "from other\n")

-- Pid files, state, list and ps.
local path = oci.bundle("sleep 300 & sleep 301; true")
oci.succeeds { "create", "--pid-file", "/tmp/first.pid", "-b", path, "first" }
local pid = tonumber(tiny.read_file "/tmp/first.pid")
local state = oci.state "first"
check.equal(state.pid, pid)
check.equal(state.id .. " " .. state.status .. " " .. state.bundle .. " " .. state.ociVersion, "first created " .. path .. " 1.3.0")
check.equal(state.rootfs, path .. "/rootfs")
oci.fails("already exists", { "create", "-b", path, "first" })
oci.succeeds { "start", "first" }
oci.fails([[cannot start container "first": it is running, not created]], { "start", "first" })
oci.succeeds { "run", "-d", "-b", (oci.bundle "true"), "second" }
oci.eventually(function() return oci.state("second").status == "stopped" end, "stopped")
check.equal(oci.state("second").pid, 0)
check.equal(oci.succeeds({ "list", "--quiet" }).out, "first\nsecond\n")
local list = tiny.json_decode(oci.succeeds({ "list", "--format", "json" }).out)
check.equal(#list, 2)
check.equal(list[1].id .. list[1].status .. list[1].pid .. list[1].bundle, "firstrunning" .. pid .. path)
check.equal(list[2].status .. list[2].pid, "stopped0")
check.equal(lines(oci.succeeds({ "list" }).out)[2]:match "^(first)%s+%d+%s+running", "first")
local pids
oci.eventually(function()
  pids = tiny.json_decode(oci.succeeds({ "ps", "--format", "json", "first" }).out)
  return #pids == 3
end, "three processes")
local has = {}
for _, one in ipairs(pids) do has[one] = true end
assert(has[pid])
-- ps(1) needs the time of the boot, which User-Mode Linux does not have.
local works <close> = io.popen "ps -ef > /dev/null 2>&1 && echo works"
if works:read "l" == "works" then
  local text = oci.succeeds({ "ps", "first" }).out
  assert(text:find "sleep 300" and text:find "sleep 301" and text:match "^UID%s+PID", text)
  check.equal(#lines(text), 4)
end

-- update and events. The usage is that of the container's cgroup.
oci.succeeds { "update", "--pids-limit", "77", "first" }
oci.succeeds({ "update", "--resources=-", "first" }, { input = [[{"pids":{"limit":78}}]] })
local event = tiny.json_decode(oci.succeeds({ "events", "--stats", "first" }).out)
check.equal(event.type .. event.id, "statsfirst")
check.equal(event.data.pids.limit, 78)
check.equal(event.data.pids.current, 3)
assert(event.data.cpu.usage.total > 0 and event.data.memory.usage.usage > 0, tiny.show(event))
oci.succeeds { "update", "--pids-limit", "-1", "first" }
check.equal(tiny.json_decode(oci.succeeds({ "events", "--stats", "first" }).out).data.pids.limit, nil)
tiny.write_file("/tmp/limits.json", [[{"pids":{"limit":79}}]])
oci.succeeds { "update", "-r", "/tmp/limits.json", "first" }
check.equal(tiny.json_decode(oci.succeeds({ "events", "--stats", "first" }).out).data.pids.limit, 79)
oci.fails("no limit is given", { "update", "first" })
oci.fails("linux.resources.pids.limit: expected a whole number", { "update", "-r", "-", "first" },
  { input = [[{"pids":{"limit":"many"}}]] })
oci.fails("cannot update container \"second\": it is stopped", { "update", "--pids-limit", "3", "second" })
local watched = oci.run({ "events", "--interval", "10ms", "first" }, { wait = false })
oci.eventually(function() return #lines(watched.read()) >= 2 end, "events")

-- kill: by name and number; all of them with --all.
oci.fails("cannot kill container \"second\": container not running", { "kill", "second", "TERM" })
oci.succeeds { "kill", "--all", "first", "9" }
oci.eventually(function() return oci.state("first").status == "stopped" end, "killed")
check.equal(watched.wait().status, 0)
oci.succeeds { "kill", "--all", "first", "KILL" }

-- delete: one, several by a pattern, with force.
oci.succeeds { "delete", "first" }
oci.fails([[container "first" does not exist]], { "delete", "first" })
oci.succeeds { "delete", "--force", "first" }
for i = 1, 3 do oci.succeeds { "run", "-d", "-b", path, "many-" .. i } end
oci.succeeds { "delete", "--force", "--regex", "^many%-[12]$" }
check.equal(oci.succeeds({ "list", "-q" }).out, "many-3\nsecond\n")
oci.succeeds { "delete", "-f", "--regex", "." }
oci.nothing()

-- run: its status is the program's; --keep leaves the container.
check.equal(oci.run({ "run", "-b", (oci.bundle "exit 3"), "r" }).status, 3)
check.equal(oci.run({ "run", "-b", (oci.bundle("kill -TERM $$; sleep 60", function(c) table.remove(c.linux.namespaces, 1) end)),
  "r" }).status, 143)
check.equal(oci.run({ "run", "--keep", "-b", (oci.bundle "exit 4"), "r" }).status, 4)
check.equal(oci.state("r").status, "stopped")
oci.succeeds { "delete", "r" }

-- Descriptors after standard error.
local result = oci.succeeds({ "run", "--preserve-fds", "2", "-b",
  (oci.bundle("ls /proc/$$/fd; echo $LISTEN_FDS $LISTEN_PID; echo text >&4; true")), "d" }, {
  prepare = function()
    for number = 3, 5 do
      local file <close> = tiny.open("/tmp/fd-" .. number, { write = true, create = true })
      tiny.dup2(file, number)
    end
  end,
  keep_fds = 3,
})
check.equal(result.out, "0\n1\n2\n3\n4\n2 1\n")
check.equal(tiny.read_file "/tmp/fd-4", "text\n")

-- A container without a process can be created, and not started (runtime.md, "Start").
oci.succeeds { "create", "-b", (oci.bundle("", function(c) c.process = nil end)), "none" }
check.equal(oci.state("none").status, "created")
oci.fails([[cannot start container "none": its configuration has no process]], { "start", "none" })
oci.succeeds { "delete", "-f", "none" }

-- Unknown fields are ignored, and refused with --strict.
local strange = oci.bundle("echo fine", function(c) c.process.capabillities = {} end)
check.equal(oci.succeeds({ "run", "-b", strange, "s" }).out, "fine\n")
oci.fails("process.capabillities: the specification has no such field", { "run", "--strict", "-b", strange, "s" })

-- The log has the error, as text or as JSON.
oci.fails("no such file or directory", { "--log", "/tmp/log.json", "--log-format", "json", "create", "-b", "/nowhere", "l" })
local entry = tiny.json_decode(tiny.read_file "/tmp/log.json")
check.equal(entry.level, "error")
assert(entry.msg:find("bundle /nowhere: no such file or directory", 1, true), entry.msg)
assert(entry.time:match "^%d+%-%d+%-%d+T", entry.time)
check.equal(#lines(oci.succeeds({ "--version" }).out), 3)
oci.fails("--no-pivot", { "create", "--no-pivot", "-b", path, "p" })
oci.nothing()
