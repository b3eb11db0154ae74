-- A recipe loads a module late, when its process already has the container's root. The container has a module at the
-- same path, which would run with everything that the runtime still holds. The module of the host is loaded, or none.
local attack = require "attack"
local check = require "check"

local root = attack.rootfs("/tmp/root")
local FOLDERS = { "/var/lib/recipe", "/var/lib/over/lua", "/var/lib/over/lua/tiny", "/var/lib/elsewhere" }
for _, folder in ipairs(FOLDERS) do
  tiny.mkdir(folder, { parents = true })
  tiny.mkdir(root .. folder, { parents = true })
end
local EVIL = 'tiny.write_file("/evil", "ran") return "the container\'s"'
local MODULES = { "/var/lib/recipe/helper.lua", "/var/lib/over/lua/late.lua", "/var/lib/elsewhere/linked.lua" }
for _, path in ipairs(MODULES) do
  tiny.write_file(path, 'return "the host\'s"')
  tiny.write_file(root .. path, EVIL)
end
tiny.symlink("/var/lib/elsewhere/linked.lua", "/var/lib/recipe/linked.lua")
tiny.symlink("/var/lib/elsewhere/linked.lua", root .. "/var/lib/recipe/linked.lua")

-- A recipe writes the result of a late module (or call) to /said, in whichever root it is.
local SAY = [[
local function say(name, f)
  local said, err = tiny.try(f or require, name)
  tiny.write_file("/said", tostring(said) .. " " .. tostring(err and err.message or err))
end
]]
local count = 0
local function late(what, text, want, options)
  tiny.write_file("/var/lib/recipe/web.lua", SAY .. text)
  for _, path in ipairs { "/said", "/evil" } do tiny.try(tiny.remove, root .. path) end
  local words = { "run", "--rm", "--lua-path", "/var/lib/over", table.unpack(options or {}) }
  table.insert(words, "/var/lib/recipe/web.lua")
  local result = check.run(words)
  local said = tiny.read_file(root .. "/said") or ""
  assert(not tiny.stat(root .. "/evil"), what .. ": the container's file ran: " .. said)
  assert(said:find(want, 1, true), ("%s: %d %s %s"):format(what, result.status, said, result.err))
  count = count + 1
end
local function hooked(what, hook, want, options)
  late(what, ('return require("tiny.container").new { command = { "true" }, rootfs = "%s", %s }'):format(root, hook), want, options)
end

for _, moment in ipairs { "mounts", "security" } do
  for _, module in ipairs { "helper", "late" } do
    hooked(module .. " after " .. moment, ('after = { %s = function() say "%s" end }'):format(moment, module), "the host's nil")
  end
end
hooked("before exec", 'before = { exec = function() say "helper" end }', "the host's nil")
hooked("a step replaced", 'steps = { mounts = function(ctx) tiny.pivot_root(ctx.root) say "helper" end }', "the host's nil")
hooked("with an init", 'init = true, after = { security = function() say "helper" end }', "the host's nil")
-- Another process in the container must find no path to the host's directories: they are closed, and it reports that.
hooked("beside a PID 1", 'init = true, before = { exec = function() say "helper" end }', "nil helper.lua cannot be loaded: a process was started in another root")
hooked("as another user", 'user = "0:0", after = { security = function() say "helper" end }', "the host's nil")
hooked("a link", 'after = { mounts = function() say "linked" end }', "linked.lua is a link, which is not followed")
hooked("a link, early", 'after = { rootfs = (function() require "linked" return function() end end)(), mounts = function() say "linked" end }', "the host's nil")
if attack.maps_ids(root) then
  hooked("userns, before its ids are taken", 'after = { mounts = function() say "helper" end }', "the host's nil", { "--userns", "auto" })
  hooked("userns", 'after = { security = function() say "helper" end }', "its owner is not known in this user namespace", { "--userns", "auto" })
end
hooked("an absolute name", 'after = { mounts = function() say "/var/lib/recipe/helper" end }', 'nil no such module: /var/lib/recipe/helper')

-- Lua's own functions and the primitive take a path: in the container, that is a path of the container.
for _, name in ipairs { "loadfile", "dofile", "tiny.load_recipe" } do
  hooked(name, ('after = { mounts = function() say("/var/lib/recipe/helper.lua", %s) end }'):format(name), "cannot be loaded: this process has changed its root")
end

-- Explicitly.
local INSIDE = 'local child <close> = tiny.clone({ mount = true, pid = true }, function() %s end) child:wait()'
late("chroot", INSIDE:format(('tiny.chroot("%s") say "helper"'):format(root)), "the host's nil")
late("chroot without namespaces", ('tiny.chroot("%s") say "helper"'):format(root), "the host's nil")
late("pivot_root", INSIDE:format(('tiny.mount_private("/") tiny.mount_bind("%s", "%s") tiny.pivot_root("%s") say "helper"'):format(root, root, root)), "the host's nil")
late("a search folder", INSIDE:format(('tiny.chroot("%s") say "late"'):format(root)), "the host's nil")
-- The root is the same directory, and its path leads elsewhere.
late("a mount over the folder", INSIDE:format(([[
  tiny.mount_private("/")
  tiny.mount_bind("%s/var/lib/recipe", "/var/lib/recipe")
  assert(tiny.read_file("/var/lib/recipe/helper.lua"):find("evil"))
  local said = require "helper"
  tiny.chroot("%s") say(said, function(said) return said end)]]):format(root, root)), "the host's nil")

-- Next to a running container, and by a relative path.
check.succeeds("run", "-d", "--name", "c", "--rootfs", root, "sleep", "1000")
local pid = tiny.json_decode(check.succeeds("inspect", "c"))
pid = (pid[1] or pid).pid or (pid[1] or pid).state.pid
tiny.chdir("/var/lib/recipe")
late("joined", ([[
  local process = tiny.pidfd_open(%d)
  local child <close> = tiny.clone({ pid = tiny.open_ns("pid", process) }, function()
    tiny.set_dumpable(false)
    tiny.setns(process, { mount = true })
    say "helper"
  end)
  child:wait()]]):format(pid), "the host's nil")
check.succeeds("rm", "-f", "c")

-- A program started in the container's root finds nothing of the host in the process that started it.
late("the descriptors", INSIDE:format(([[
  tiny.chroot("%s")
  tiny.mount_proc("/proc")
  local program <close> = tiny.fork(function() tiny.exec { "/bin/sh", "-c", "ls -l /proc/1/fd /proc/self/fd | grep -c /var/lib/ > /said" } end)
  program:wait()]]):format(root)), "0")
print(count .. " ways")
check.no_container()
