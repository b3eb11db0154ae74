-- A host with shared mounts, as set up by systemd: mounts made for a container never appear on the host, and later
-- mounts of the host never appear in a container. The mounts of a private host are private by default.
local attack = require "attack"
local check = require "check"

tiny.mount_propagation("/", "shared")
check.equal(check.mount_at("/").propagation:match("^shared:") ~= nil, true, "the host's root is shared")
check.equal(check.mount_at("/tmp").propagation:match("^shared:") ~= nil, true, "its /tmp is shared")
-- The setup is real: a mount without protection is visible here.
tiny.mkdir("/tmp/probe")
check.inside({ mount = true }, function() tiny.mount_tmpfs("/tmp/probe"):keep() end)
assert(check.mount_at("/tmp/probe"), "mounts are not shared: this host shows nothing")
tiny.umount("/tmp/probe")

local function table_of_mounts()
  local lines = {}
  for line in tiny.read_file("/proc/self/mountinfo"):gmatch("[^\n]+") do lines[line] = true end
  return lines
end

local before, looks = table_of_mounts(), 0
local function unchanged(when)
  looks = looks + 1
  local now = table_of_mounts()
  for line in pairs(now) do assert(before[line], ("%s: new on the host: %s"):format(when, line)) end
  for line in pairs(before) do assert(now[line], ("%s: gone from the host: %s"):format(when, line)) end
end
-- A command, and what it leaves behind, whether it succeeds or not.
local function does(...)
  local words = { ... }
  local result = check.run(words)
  unchanged(table.concat(words, " "))
  check.equal(result.status, 0, ("%s: %s%s"):format(table.concat(words, " "), result.out, result.err))
  return result.out
end

local root = attack.rootfs("/tmp/root")
for _, folder in ipairs { "/tmp/vol", "/tmp/vol/later", "/tmp/vol/sub", "/tmp/up" } do tiny.mkdir(folder) end
tiny.write_file("/tmp/vol/there", "volume\n")
tiny.write_file("/tmp/given", "given\n")
local MOUNTS = { "-v", "/tmp/vol:/v", "--tmpfs", "/scratch", "--mount", "type=bind,source=/tmp/vol,subpath=sub,target=/mnt/sub" }
local function run(name, options)
  local words = { "run", "-d", "--name", name }
  for _, list in ipairs { options, MOUNTS, { "sh", "-c", "exec sleep 100" } } do table.move(list, 1, #list, #words + 1, words) end
  does(table.unpack(words))
end

-- Each way to create a root; those that this kernel lacks are omitted.
local ways = { view = {}, rootfs = { "--rootfs", root } }
if not attack.slow then ways.init, ways.privileged = { "--init", "--read-only" }, { "--privileged" } end
for name, options in pairs { userns = { "--userns", "auto" }, bridge = { "--network", "bridge" } } do
  local possible = check.run { "run", "--rm", options[1], options[2], "true" }.status == 0
  unchanged(name)
  if possible then ways[name] = options end
end
local tried = 0
for name, options in pairs(ways) do
  run(name, options)
  check.equal(does("exec", name, "sh", "-c", "cat /v/there; grep -c ' /scratch ' /proc/self/mountinfo"), "volume\n1\n", name)
  does("exec", "-t", name, "true")
  does("cp", "/tmp/given", name .. ":/scratch/given")
  does("cp", name .. ":/scratch/given", "/tmp/copied")
  -- New mounts of the host are visible on the host only.
  local later = tiny.mount_tmpfs("/tmp/vol/later")
  check.equal(check.succeeds("exec", name, "sh", "-c", "grep -c ' /v/later ' /proc/self/mountinfo || true"), "0\n", name)
  later:close()
  does("restart", "-t", "0", name)
  does("stop", "-t", "0", name)
  does("cp", "/tmp/given", name .. ":/v/late")
  does("cp", name .. ":/v/late", "/tmp/copied")
  does("rm", name)
  tried = tried + 1
end
assert(tried >= 2, tried)

-- Killed supervisors, and starts that fail halfway.
run("c", {})
local supervisor <close> = tiny.pidfd_open(math.tointeger(tonumber((check.succeeds("inspect", "--format", "state.supervisor.pid", "c")))))
tiny.kill(supervisor, "SIGKILL")
tiny.poll { supervisor }
does("ps")
does("exec", "c", "true")
does("rm", "-f", "c")
for _, words in ipairs { { "run", "/none" }, { "run", "-v", "/tmp/vol:/proc/none/x", "true" }, { "run", "--rootfs", "/tmp/up", "true" }, { "run", "-w", "/dev/null", "true" } } do
  assert(check.run(words).status ~= 0, table.concat(words, " "))
  unchanged(table.concat(words, " "))
end

-- Mounts made by a recipe in place of a step, and before one. The name of the module is split: this test is itself a
-- recipe, and a recipe that names it is run from a mount of the program that a private host does not have.
tiny.write_file("/tmp/up/own.lua", [[local t = "tiny" return require(t .. ".container").new { name = "own", command = "sleep 100", stop_signal = "KILL",
  after = { namespaces = function() tiny.mount_tmpfs("/tmp/probe"):keep() end },
  steps = { rootfs = function(ctx)
    tiny.mount_bind("/tmp/root", "/tmp/root"):keep()
    ctx.root = tiny.open_root("/tmp/root")
  end } }]])
does("run", "-d", "/tmp/up/own.lua")
does("stop", "own")
does("cp", "/tmp/given", "own:/mnt/late")
does("rm", "own")

-- Recipes that mount directly, a topology, a test in a private host.
for _, recipe in ipairs { "hello.lua", "namespaces.lua", "sandbox.lua", "memory.lua" } do
  check.run { "run", recipe }
  unchanged(recipe)
end
assert(does("run", "hello.lua"):match("hello from tiny%-container"), "hello.lua")
tiny.write_file("/tmp/up/two.lua", [[return require("tiny.topology").new { containers = {
  a = { network = "none", stop_signal = "KILL", command = "sleep 100", volumes = { "/tmp/vol:/v" } }, b = { network = "none", stop_signal = "KILL", command = "sleep 100", needs = { "a" }, tmpfs = { "/scratch" } } } }]])
does("up", "/tmp/up/two.lua")
does("exec", "two-a", "cat", "/v/there")
does("down", "/tmp/up/two.lua")
tiny.write_file("/tmp/up/host_test.lua", [[local t = require "tiny.test"
t.test("mounts", function() tiny.mount_tmpfs(t.folder) t.expect(t.run("--rm", "true")):ends(0) end)]])
does("test", "/tmp/up/host_test.lua")
print(looks .. " looks at the mounts")
check.no_container()
