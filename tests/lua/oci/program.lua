-- A runtime that is programmed: oci.lua applies to every container, a recipe to those that name it by annotation. Both may change the
-- configuration, refuse the container, run between the steps, and answer system calls.
local check = require "check"
local oci = require "oci_bundle"
require("web").own_etc()


tiny.mkdir("/etc/tinylua/oci", { parents = true, mode = tonumber("755", 8) })

local function write(path, text) tiny.write_file(path, text, { mode = tonumber("644", 8) }) end
local function recipe(name, text) write(("/etc/tinylua/oci/%s.lua"):format(name), text) end
local function asking(name, more)
  return function(config)
    config.annotations = more or {}
    config.annotations["org.tinylua.recipe"] = name
  end
end

-- Whether a process accompanies a container.
local function companions()
  for _, pid in ipairs(tiny.list_dir "/proc") do
    local words = pid:match "^%d+$" and tiny.read_file(("/proc/%s/cmdline"):format(pid)) or ""
    if words:find("tinylua-oci: ", 1, true) then return true end
  end
end

-- Without a recipe, nothing of it takes part.
check.equal(oci.output("hostname"), "tinylua")

-- It sees and changes the configuration, annotations included.
recipe("named", [[
return function(request)
  request.config.hostname = request.annotations["example.name"]
  table.insert(request.config.process.env, "SEEN=" .. request.id)
end]])
check.equal(oci.output("hostname; echo $SEEN", asking("named", { ["example.name"] = "blue" })), "blue\nc")
-- For later commands it is called with what the engine wrote, not with what it has changed itself.
recipe("once", [[
return function(request)
  if request.config.hostname ~= "tinylua" then tiny.fail "twice" end
  request.config.hostname = "once"
  return { on_start = function() tiny.write_file("/tmp/once", "") end }
end]])
check.equal(oci.output("hostname", asking "once"), "once")
assert(tiny.stat "/tmp/once", "on_start was not called")

-- What it changes is checked like what the engine wrote, and it can refuse the container.
recipe("wrong", [[return function(request) request.config.hostname = 7 end]])
oci.refused("hostname: expected a string, not 7", asking "wrong")
recipe("no", [[return function() tiny.fail { message = "not on a Friday", hint = "wait" } end]])
local refused = oci.refused("not on a Friday", asking "no")
assert(refused.err:find("hint: wait", 1, true))
recipe("list", [[return 7]])
oci.refused("it must return a function of the request", asking "list")
recipe("misspelt", [[return function() return { befor = {} } end]])
oci.refused('unknown key "befor"; did you mean "before"?', asking "misspelt")
recipe("broken", "return function() local x = nil; return x.y end")
oci.refused("/etc/tinylua/oci/broken.lua:1:", asking "broken")

-- An annotation is a name, never a path or code.
for _, name in ipairs { "../named", "/etc/tinylua/oci/named", "named.lua", "", "a b", "return 1" } do
  oci.refused("is not the name of a recipe", asking(name))
end
oci.refused("there is no recipe /etc/tinylua/oci/none.lua", asking "none")

-- What another user could write is not run.
tiny.chown("/etc/tinylua/oci/named.lua", { uid = 1000, gid = 1000 })
oci.refused("could be changed by another user", asking "named")
tiny.chown("/etc/tinylua/oci/named.lua", { uid = 0, gid = 0 })

-- Closures between the steps, in the namespaces of the step, in order; an error names recipe and step.
recipe("steps", [[
local log = tiny.open("/tmp/steps", { write = true, append = true, create = true })
local function say(text) return function() log:write(text .. " " .. tostring(tiny.getpid() == 1) .. "\n") end end
return function()
  local spec = { before = {}, after = {} }
  for _, step in ipairs(require "tiny.spec.steps") do spec.before[step], spec.after[step] = say("before " .. step), say("after " .. step) end
  return spec
end]])
oci.output("true", asking "steps")
check.equal(tiny.read_file "/tmp/steps", [[
before cgroup false
after cgroup false
before network false
after network false
before namespaces false
after namespaces true
before rootfs true
after rootfs true
before mounts true
after mounts true
before security true
after security true
before exec true
]])
recipe("fails", [[return function() return { after = { mounts = function() tiny.mkdir "/proc/x" end } } end]])
oci.refused("fails.lua:1: step mounts: mkdir(\"/proc/x\")", asking "fails")

-- on_start and on_exit run on the host, when the program has started and when the container is deleted.
recipe("ends", [[
return function()
  local function say(text) return function(ctx) tiny.append_file("/tmp/ends", text .. " " .. ctx.id .. "\n") end end
  return { on_start = say "start", on_exit = say "exit" }
end]])
local bundle = oci.bundle("sleep 60", asking "ends")
oci.succeeds { "create", "--bundle", bundle, "e" }
check.equal(tiny.read_file "/tmp/ends", nil)
oci.succeeds { "start", "e" }
check.equal(tiny.read_file "/tmp/ends", "start e\n")
oci.succeeds { "delete", "--force", "e" }
check.equal(tiny.read_file "/tmp/ends", "start e\nexit e\n")

-- on_oom runs when the kernel has killed a process for the memory limit.
recipe("oom", [[
return function() return { on_oom = function(ctx, kills) tiny.append_file("/tmp/oom", ctx.id .. " " .. kills .. "\n") end } end]])
local hungry = oci.bundle("(a=x; while :; do a=$a$a; done); sleep 60", function(config)
  asking "oom"(config)
  config.linux.resources.memory = { limit = 20 << 20, swap = 20 << 20 }
end)
oci.succeeds { "run", "-d", "--bundle", hungry, "o" }
oci.eventually(function() return (tiny.read_file "/tmp/oom" or ""):find "^o 1\n" end, "on_oom is called")
oci.succeeds { "delete", "--force", "o" }
oci.eventually(function() return not companions() end, "the process that watches the memory ends")

-- oci.lua applies to all containers, and comes before the recipe.
write("/etc/tinylua/oci.lua", [[
return function(request)
  request.annotations["example.name"] = "green"
  table.insert(request.config.process.env, "ALL=1")
end]])
check.equal(oci.output("echo $ALL"), "1")
check.equal(oci.output("hostname; echo $ALL", asking("named")), "green\n1")
tiny.remove "/etc/tinylua/oci.lua"

-- The examples. quarantine: connections fail, for programs that exec adds too; the rest of the container is as it was.
for _, name in ipairs { "gpu", "quarantine", "profile" } do recipe(name, (tiny.source(("lua/oci/%s.lua"):format(name)))) end
local quiet = oci.bundle("busybox wget -q http://127.0.0.1:1/ 2>&1; echo $?; sleep 60", asking "quarantine")
local result = oci.succeeds { "run", "-d", "--bundle", quiet, "q" }
oci.eventually(function() return result.read():find "\n1\n" end, "the program's connection fails")
assert(result.read():find("Network is unreachable", 1, true), result.read())
local added = oci.run { "exec", "q", "busybox", "wget", "-q", "http://127.0.0.1:1/" }
check.equal(added.status, 1)
assert(added.err:find("Network is unreachable", 1, true), added.err)
oci.succeeds { "delete", "--force", "q" }
-- The same without no_new_privs, as engines start containers: the listener then leaves while the container is created.
local free = oci.bundle("grep NoNewPrivs /proc/self/status; busybox wget -q http://127.0.0.1:1/ 2>&1; sleep 60", function(config)
  asking "quarantine"(config)
  config.process.noNewPrivileges = false
end)
result = oci.succeeds { "run", "-d", "--bundle", free, "f" }
oci.eventually(function() return result.read():find("Network is unreachable", 1, true) end, "the program's connection fails")
assert(result.read():find "NoNewPrivs:%s0\n", result.read())
added = oci.run { "exec", "f", "busybox", "wget", "-q", "http://127.0.0.1:1/" }
assert(added.err:find("Network is unreachable", 1, true), added.err)
oci.succeeds { "delete", "--force", "f" }
oci.refused('there is no quarantine policy "x"', asking("quarantine", { ["org.tinylua.quarantine"] = "x" }))
check.equal(oci.output("busybox wget -q http://127.0.0.1:1/ 2>&1; true", asking("quarantine", { ["org.tinylua.quarantine"] = "no-keys" })),
  "wget: can't connect to remote host (127.0.0.1): Connection refused")
-- The process that answers ends with the container.
oci.eventually(function() return not companions() end, "the process that answers system calls ends")

-- gpu: devices and libraries of the host. /dev and the libraries are other files than those of a driver.
oci.refused("this host has no GPU", asking "gpu")
check.inside({ mount = true }, function()
  tiny.mount_private "/"
  tiny.mount_tmpfs "/mnt"
  tiny.mount_bind("/dev", "/mnt")
  for i, name in ipairs { "nvidia0", "nvidia1", "nvidiactl" } do tiny.mknod("/dev/" .. name, "char", { major = 1, minor = ({ 3, 5, 7 })[i] }) end
  check.equal(oci.output("ls /dev | grep nv; head -c 1 /dev/nvidia1 | wc -c", asking "gpu"), "nvidia0\nnvidia1\nnvidiactl\n1")
  check.equal(oci.output("ls /dev | grep nv", asking("gpu", { ["org.tinylua.gpu"] = "1" })), "nvidia1\nnvidiactl")
  for _, name in ipairs { "nvidia0", "nvidia1", "nvidiactl" } do tiny.remove("/dev/" .. name) end
end)

-- profile: a line for each step.
write("/etc/tinylua/oci.lua", (tiny.source "lua/oci/profile.lua":gsub('"/var/log', '"/tmp')))
oci.output("true")
local steps = {}
for line in tiny.read_file("/tmp/tinylua-oci.jsonl"):gmatch "[^\n]+" do
  local one = tiny.json_decode(line)
  check.equal(one.id, "c")
  assert(one.start >= 0 and one.seconds >= 0)
  table.insert(steps, one.step)
end
check.equal(table.concat(steps, " "), table.concat(require "tiny.spec.steps", " "))

-- A program that cannot be executed once it is to start: `run` reports it and leaves nothing.
tiny.remove "/etc/tinylua/oci.lua"
recipe("unexecuted", [[return function() return { before = { exec = function() tiny.fail "not this one" end } } end]])
oci.refused("not this one", asking "unexecuted")
