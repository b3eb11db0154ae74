-- explain: shows what the kernel reports, each part with the lines that set it up; names chosen by a container control
-- neither the terminal nor the page.
local anatomy = require "tiny.inspect.live"
local check = require "check"
local origin = require "tiny.inspect.origin"

-- Every position that is named in the shipped Lua exists.
for key, entry in pairs(origin.SHIPPED) do
  local text = tiny.source(entry[1])
  assert(text and text:find(entry[2], 1, true), ("%s: %s has no %q"):format(key, entry[1], entry[2]))
end

tiny.write_file("/tmp/web.lua", [[
local c = require "tiny.container"
-- memory = "1g"
return c.new {
  name = "web",
  memory = "64m",
  pids = 32, command = "cp /bin/sleep \"$NAME\"; exec \"./$NAME\" 1000",
  cap_drop = { "CHOWN" }, hostname = "web.example",
  tmpfs = { "/scratch:size=4m,exec" },
  volumes = {
    "/tmp/so<b>urce:/srv/vol:ro",
  },
  workdir = "/scratch", env = { NAME = "<script>x\27[31m&\n" },
}
]])
tiny.mkdir("/tmp/so<b>urce")
check.succeeds("run", "-d", "/tmp/web.lua")
local function found() return tiny.json_decode(check.succeeds("explain", "--format", "json", "web")) end
local self
repeat
  self = found()
until self.processes[1].command:find("^./<script>")

-- Processes, namespaces and limits match the kernel's.
local pid = self.pid
check.equal(self.processes[1].inside, 1)
check.equal(self.processes[1].pid, pid)
check.equal(self.processes[1].command, "./<script>x\27[31m&\n 1000")
local own = {}
for _, one in ipairs(self.namespaces) do own[one.kind] = one.own end
check.equal(#self.namespaces, tiny.stat("/proc/self/ns/time") and 8 or 7)
check.equal(own.pid and own.mount and own.net and own.uts and own.ipc and own.cgroup, true)
check.equal(own.user or own.time or false, false)
check.equal(self.namespaces[2].inode, tonumber(tiny.readlink(("/proc/%d/ns/pid"):format(pid)):match("%d+")))
check.equal(self.cgroup.limits.memory, 64 << 20)
check.equal(self.cgroup.limits.pids, 32)
check.equal(self.cgroup.stats.pids, 1)
check.equal(self.seccomp.mode, "filter")
check.equal(self.seccomp.record.profile, "default")
check.equal(self.no_new_privs, true)
for _, name in ipairs(self.capabilities.effective) do assert(name ~= "CAP_CHOWN") end

-- Mounts are a tree with their sources.
local mounts = {}
local function walk(list, above)
  for _, mount in ipairs(list) do
    mounts[mount.target], mount.above = mount, above
    walk(mount.children, mount.target)
  end
end
walk(self.mounts)
check.equal(mounts["/dev/pts"].above, "/dev")
check.equal(mounts["/srv/vol"].path, "/tmp/so<b>urce")
check.equal(mounts["/srv/vol"].read_only, true)
check.equal(mounts["/proc/keys"].role, "masked")
check.equal(mounts["/"].path, tiny.json_decode(check.succeeds("inspect", "web"))[1].dir .. "/upper")

-- Each part has its source lines: of the recipe, only lines that are not comments.
check.equal(self.origin.memory.recipe.place, "/tmp/web.lua:5")
check.equal(self.origin.capabilities.recipe.place, "/tmp/web.lua:7")
check.equal(mounts["/scratch"].origin.recipe.place, "/tmp/web.lua:8")
check.equal(mounts["/srv/vol"].origin.recipe.place, "/tmp/web.lua:10")
check.equal(mounts["/proc"].origin.recipe, nil)
local file, line = mounts["/proc"].origin.shipped.place:match("^(.*):(%d+)$")
check.equal(file, "lua/tiny/pipeline/mounts.lua")
local number = 0
for text in tiny.source(file):gmatch("(.-)\n") do
  number = number + 1
  if number == tonumber(line) then assert(text:find("tiny.mount_proc(", 1, true), text) end
end

-- Programs started by exec are listed next to PID 1.
local beside = check.run { "exec", "-d", "web", "sleep", "1001" }
check.equal(beside.status, 0)
check.equal(found().processes[2].command, "sleep 1001")
-- A name need not be text.
check.equal(check.run({ "exec", "-d", "web", "bash", "-c", [[exec -a $'\xff<x>\xc3' sleep 1002]] }).status, 0)
local odd
repeat odd = found().processes[3] until odd and odd.command:find("1002$") and not odd.command:find("bash")
check.equal(odd.command, "\\xff<x>\\xc3 1002")

-- The text: no control characters except newlines, at any width; wide lines are truncated to it.
local text = check.succeeds("explain", "web")
check.equal(text:find("[^\n -~\x80-\xff]"), nil)
assert(text:find("<script>x\\x1b[31m&\\x0a 1000", 1, true), text)
assert(text:find("/tmp/web.lua:5", 1, true) and text:find("its root is the host's root", 1, true))
local handle <close> = tiny.pidfd_open(pid)
for _, width in ipairs { 40, 100 } do
  for one in anatomy.text(anatomy.of(handle), { width = width }):gmatch("[^\n]+") do
    assert(utf8.len(one) <= width, one)
  end
end
assert(anatomy.text(anatomy.of(handle), { colour = true }):find("\27[1mNamespaces\27[0m", 1, true))

-- A process handle needs no record; an ended process is reported, and so is a value that is not a process.
local child <close> = tiny.clone({ uts = true }, function() tiny.poll({}, 100) end)
local half = anatomy.of(child)
check.equal(half.pid, child.pid)
check.equal(half.origin, nil)
for _, one in ipairs(half.namespaces) do check.equal(one.own, one.kind == "uts", one.kind) end
check.equal(#half.processes, 1)
tiny.kill(child, "SIGKILL")
child:wait()
local _, err = tiny.try(anatomy.of, child)
check.equal(err.message, ("process %d has exited"):format(child.pid))
_, err = tiny.try(anatomy.of, { 1 })
check.equal(err.message, "inspect: expected a process handle or a container, got { 1 }")
check.equal(anatomy.of().pid, tiny.getpid())

-- Each container of a topology has its own lines.
tiny.write_file("/tmp/two.lua", [[
return require("tiny.topology").new {
  containers = {
    one = { network = "none", memory = "32m", command = "sleep 1000" },
    two = { network = "none", scale = 2, command = "sleep 1000",
      memory = "48m" },
  },
}
]])
check.succeeds("up", "/tmp/two.lua")
for name, want in pairs { ["two-one"] = "/tmp/two.lua:3", ["two-two-2"] = "/tmp/two.lua:5" } do
  check.equal(tiny.json_decode(check.succeeds("explain", "--format", "json", name)).origin.memory.recipe.place, want)
end
check.succeeds("down", "-t", "0", "/tmp/two.lua")
check.succeeds("stop", "-t", "0", "web")
check.equal(check.run({ "explain", "web" }).err, "tinylua: web is not running\n  hint: tinylua start web\n")
check.succeeds("rm", "web")
check.no_container()

-- Deeply nested processes and mounts are complete, in JSON and on the page too.
check.succeeds("run", "-d", "--name", "deep", "--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "sh", "-c",
  [[i=0; while [ $i -lt 80 ]; do mount -t tmpfs x /mnt; i=$((i+1)); done; echo '[ $1 = 0 ] || sh /tmp/n $(($1 - 1)); sleep 1003' >/tmp/n; sh /tmp/n 80; :]])
local function count(list)
  local n = #list
  for _, one in ipairs(list) do n = n + count(one.children) end
  return n
end
local deep
repeat deep = tiny.json_decode(check.succeeds("explain", "--format", "json", "deep")) until count(deep.processes) == 83
assert(count(deep.mounts) > 80, count(deep.mounts))
-- Of mounts at the same place, only the last is visible.
local hidden, seen = 0, 0
local function look(list)
  for _, mount in ipairs(list) do
    if mount.target == "/mnt" and mount.hidden then hidden = hidden + 1 elseif mount.target == "/mnt" then seen = seen + 1 end
    look(mount.children)
  end
end
look(deep.mounts)
check.equal(("%d %d"):format(hidden, seen), "79 1", "mounts on one place")
check.succeeds("explain", "deep")
check.succeeds("explain", "--html", "-", "deep")
check.succeeds("rm", "-f", "deep")
