-- userns: a user namespace as a value; its maps are visible in the kernel and used by clone, setns and mounts.
local check = require "check"

local function maps(own)
  local told = {}
  local from, into = tiny.pipe()
  check.inside({ user = own }, function()
    into:write(((tiny.read_file("/proc/self/uid_map") .. "|" .. tiny.read_file("/proc/self/gid_map")):gsub(" +", " ")))
  end)
  into:close()
  for line in from:read():gmatch("[^\n|]+") do table.insert(told, (line:gsub("^ ", ""))) end
  return table.concat(told, ", ")
end

-- The maps as this process sees them.
local function maps_from_here(own)
  local child <close> = tiny.clone({ user = own }, function()
    tiny.notify_ready()
    tiny.poll({}, "1m")
  end)
  child:wait_ready()
  local function map(name) return tiny.read_file(("/proc/%d/%s"):format(child.pid, name)):gsub("^ +", ""):gsub(" +", " "):gsub("\n$", "") end
  return map "uid_map" .. ", " .. map "gid_map"
end

local own <close> = tiny.userns { uid_map = { { 0, 600000, 10 }, { 10, 700000, 5 } }, gid_map = { { 0, 610000, 10 } } }
check.equal(own.kind, "userns")
check.equal(maps(own), "0 600000 10, 10 700000 5, 0 610000 10")
assert(tiny.readlink("/proc/self/ns/user") ~= ("user:[%d]"):format(own.inode), "the caller stays where it was")

-- The child's other namespaces belong to it: its root may mount, set the hostname and reap there.
check.inside({ user = own, pid = true, mount = true, uts = true, net = true, ipc = true }, function()
  check.equal(tiny.getpid(), 1)
  check.equal(tiny.readlink("/proc/self/ns/user"), ("user:[%d]"):format(own.inode))
  tiny.setuser(0)
  check.equal(tiny.getgid(), 0, "group 0 of its own")
  tiny.mount_private("/")
  tiny.mount_tmpfs("/mnt")
  tiny.sethostname("own")
  tiny.link_set("lo", { up = true })
  check.fails("EPERM", tiny.mknod, "/mnt/null", "char", { major = 1, minor = 3 })
end)

-- A program in it is a child of this process: its status is returned, and its end is seen.
local child <close> = tiny.clone({ user = own, pid = true }, function()
  tiny.setuser(3, { gid = 4 })
  tiny.exec { "sh", "-c", "exit $(id -u)$(id -g)" }
end)
check.equal(child:wait(), 34)
local killed <close> = tiny.clone({ user = own, pid = true }, function() tiny.exec { "sleep", "60" } end)
killed:wait_ready()
check.equal(tiny.stat(("/proc/%d/ns/user"):format(killed.pid)).ino, own.inode)
killed:kill("SIGKILL")
check.equal(killed:wait(), 137)

-- In a pid namespace that belongs to a more privileged user namespace, its root joins a pid namespace of its own for a child.
check.inside({ user = own }, function()
  tiny.setuser(0)
  local first <close> = tiny.clone({ pid = true }, function() tiny.exec { "sleep", "60" } end)
  first:wait_ready()
  local inner <close> = tiny.open_ns("pid", first)
  local second <close> = tiny.clone({ pid = inner }, function() tiny.exec { "sleep", "60" } end)
  second:wait_ready()
  local link = tiny.readlink(("/proc/%d/ns/pid"):format(second.pid))
  check.equal(link, ("pid:[%d]"):format(inner.inode), "the joined namespace")
  check.equal(tiny.readlink("/proc/self/ns/pid_for_children"), tiny.readlink("/proc/self/ns/pid"), "where later children are born")
  first:kill("SIGKILL")
  -- A namespace's PID 1 ends last: it waits until others have reaped their children there (pid_namespaces(7)).
  check.equal(second:wait(), 137)
  check.equal(first:wait(), 137)
end)

-- An error in the child, and one during its setup.
local failing <close> = tiny.clone({ user = own, mount = true }, function() tiny.setuser(99) end)
check.equal(check.fails("EINVAL", failing.wait, failing).op, "setuser")
local err = check.fails("EINVAL", function()
  local inner <close> = tiny.clone({ user = own }, function() tiny.clone({ user = tiny.open_ns("user") }, print):wait() end)
  inner:wait()
end)
assert(err.message:find("joining a namespace", 1, true), err.message)

-- setns accepts it too.
check.inside({}, function()
  tiny.setns(own)
  check.equal(tiny.readlink("/proc/self/ns/user"), ("user:[%d]"):format(own.inode))
end)

-- An unprivileged user: only its own ids are written directly, and setgroups is denied.
check.inside({}, function()
  tiny.setuser(4242, { gid = 4243 })
  tiny.set_dumpable(true)
  local alone = tiny.userns { uid_map = { { 0, 4242, 1 } }, gid_map = { { 0, 4243, 1 } } }
  check.equal(maps(alone), "0 4242 1, 0 4243 1")
  check.inside({ user = alone, mount = true }, function()
    check.equal(tiny.read_file("/proc/self/setgroups"), "deny\n")
    tiny.mount_tmpfs("/mnt")
  end)
  if tiny.try(tiny.userns_helper, "newuidmap") then
    local refused = check.fails("EPERM", tiny.userns, { uid_map = { { 0, 90000, 10 } }, gid_map = { { 0, 90000, 10 } } })
    check.equal(refused.hint, "/etc/subuid has no such range for this user: run usermod --add-subuids 90000-90009 USER, as root")
  end
end)

-- A child of another user namespace: its outside ids are those of the parent, whose root has all privileges over it. Its own
-- root has none over the parent's namespaces.
do
  local wide = { { 0, 600000, 10 } }
  local outer <close> = tiny.userns { uid_map = wide, gid_map = wide }
  local inner <close> = tiny.userns { parent = outer, uid_map = { { 0, 2, 3 } }, gid_map = { { 0, 5, 1 } } }
  check.equal(maps_from_here(inner), "0 600002 3, 0 600005 1")
  local outside <close> = tiny.netns { user = outer }
  local inside <close> = tiny.netns { user = inner }
  check.inside({ user = outer, net = outside }, function()
    tiny.setuser(0)
    tiny.link_set("lo", { up = true })
    tiny.link_set("lo", { netns = inside, up = true })
  end)
  check.inside({ user = inner, net = inside }, function()
    tiny.setuser(0)
    tiny.link_set("lo", { up = true })
    check.fails("EPERM", tiny.link_set, "lo", { netns = outside, up = false })
    check.fails("EPERM", tiny.setns, outer)
  end)
  check.fails("EPERM", tiny.userns, { parent = outer, uid_map = { { 0, 90, 1 } }, gid_map = { { 0, 0, 1 } } })
end
check.inside({}, function()
  tiny.setuser(4242, { gid = 4243 })
  tiny.set_dumpable(true)
  check.fails("EPERM", tiny.userns, { parent = own, uid_map = { { 0, 0, 1 } }, gid_map = { { 0, 0, 1 } } })
  local outer = tiny.userns { uid_map = { { 0, 4242, 1 } }, gid_map = { { 0, 4243, 1 } } }
  check.equal(maps_from_here(tiny.userns { parent = outer, uid_map = { { 0, 0, 1 } }, gid_map = { { 0, 0, 1 } } }), "0 4242 1, 0 4243 1")
end)

-- If a setting forbids user namespaces, the error names the setting and how to change it.
local limit = tiny.read_file("/proc/sys/user/max_user_namespaces")
check.inside({ user = own, mount = true }, function()
  tiny.setuser(0)
  tiny.set_dumpable(true)
  tiny.sysctl("user.max_user_namespaces", 0)
  local forbidden = check.fails("ENOSPC", tiny.userns, { uid_map = { { 0, 0, 1 } }, gid_map = { { 0, 0, 1 } } })
  assert(forbidden.message:find("user.max_user_namespaces forbids it", 1, true), forbidden.message)
  check.equal(forbidden.hint, "run sysctl -w user.max_user_namespaces=10000, as root")
end)
check.equal(tiny.read_file("/proc/sys/user/max_user_namespaces"), limit, "the host's own")

local good = { { 0, 600000, 10 } }
check.refuses('option "gid_map" is missing: the group id map', tiny.userns, { uid_map = good })
check.refuses('option "uid_map": a map has 1 to 340 entries, got 0', tiny.userns, { uid_map = {}, gid_map = good })
local text = 'option "uid_map": entry 1 is not { inside, outside, count } with ids below 4294967295'
check.refuses('option "uid_map": [1]: [2]: -1 is not an integer from 0 to 4294967295', tiny.userns, { uid_map = { { 0, -1, 1 } }, gid_map = good })
for _, entry in ipairs { { 0, 1 }, { 0, 1, 0 }, { 4294967295, 1, 1 }, { 0, 1, 4294967295 }, { 0, 1, 1, 1 } } do
  check.refuses(text, tiny.userns, { uid_map = { entry }, gid_map = good })
end
check.refuses('option "gid_map": entries 1 and 2 overlap', tiny.userns, { uid_map = good, gid_map = { { 0, 1, 10 }, { 9, 100, 5 } } })
check.refuses('option "gid_map": entries 1 and 2 overlap', tiny.userns, { uid_map = good, gid_map = { { 0, 1, 10 }, { 90, 5, 5 } } })

local left
check.equal(select(2, tiny.try(function()
  local held <close> = tiny.userns { uid_map = good, gid_map = good }
  left = held
  tiny.fail("the body failed")
end)).message, "the body failed")
check.refuses("the userns handle is closed", tiny.clone, { user = left }, print)
