-- A private host for a test: its own namespaces and cgroup, the machine's files read-only, and empty /tmp, /run and /var/lib.
-- Everything inside ends with it, and the machine stays unchanged. It protects against accidents, not against attacks: root's
-- tests run as root and can make the files writable again.
local private_host = {}

-- A cgroup's name contains its creator's pid, so that cgroups of killed runners can be found.
local PREFIX = "tinylua-private-"
local EMPTY = { "/tmp", "/run", "/var/lib" }
local STICKY, PRIVATE = tonumber("1777", 8), tonumber("700", 8)

-- The sysctls of network, UTS and IPC namespaces.
local OWN_SETTINGS = {
  "net", "fs/mqueue", "kernel/hostname", "kernel/domainname", "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem", "kernel/shmall",
  "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced",
}

-- Whether a path is shown as an empty directory, or is below one.
local function hidden(path)
  for _, empty in ipairs(EMPTY) do
    if path == empty or path:sub(1, #empty + 1) == empty .. "/" then return true end
  end
  return false
end

-- Creates a cgroup with every controller of this host; nil if that is not possible. A v1 cpuset's files are empty at first,
-- and then it accepts no process (cpuset(7)).
local function group(name)
  local controllers = require "tiny.base.sorted_keys"(tiny.probe().cgroup.controllers)
  return (tiny.try(tiny.cgroup, name, { controllers = controllers }))
end

-- Mounts each hierarchy again: in the new cgroup namespace its root is the private host's cgroup.
local function mount_cgroups(root, mounts)
  tiny.mount_tmpfs("/sys/fs/cgroup", { root = root })
  for _, mount in ipairs(mounts) do
    local named = mount.controllers[1] and mount.controllers[1]:match("^name=")
    if not named then
      local controllers = mount.version == "v1" and mount.controllers or nil
      tiny.mount_cgroup(mount.path, { root = root, create = true, controllers = controllers })
    end
  end
end

-- On v2, a cgroup with processes cannot delegate controllers (cgroups(7)), so they move to a child cgroup.
local function leave_top()
  local leaf = tiny.cgroup("init")
  leaf:attach()
  leaf:keep()
end

-- An empty directory, except for a test's files directly in it; writes go to memory.
local function mount_over(path, root)
  local over = "/mnt" .. path
  for _, name in ipairs { "/upper", "/work" } do tiny.mkdir(over .. name) end
  tiny.mount_overlay(path, { root = root, lower = { path }, upper = over .. "/upper", work = over .. "/work" })
end

-- Sysctls of the whole machine are read-only; those of namespaces are the private host's own.
local function protect(root)
  local second = "/tmp/proc"
  tiny.mount_proc(second, { root = root, create = true })
  for _, name in ipairs { "sys", "sysrq-trigger" } do tiny.try(tiny.mount_bind, "/proc/" .. name, "/proc/" .. name, { source_root = root, root = root, read_only = true }) end
  -- Bind mounts of a read-only mount are read-only too.
  for _, name in ipairs(OWN_SETTINGS) do tiny.try(tiny.mount_bind, second .. "/sys/" .. name, "/proc/sys/" .. name, { source_root = root, root = root }) end
  tiny.umount(second, { root = root })
  tiny.remove(second, { root = root })
end

-- Sets up the files; `kept` are paths to keep in directories that are otherwise empty.
local function lay_out(kept, cgroups, rootless)
  tiny.mount_private("/")
  tiny.mount_bind("/", "/mnt", { read_only = true })
  local root <close> = tiny.open_root("/mnt")
  for _, path in ipairs(EMPTY) do tiny.mount_tmpfs(path, { root = root, nosuid = true, nodev = true, mode = path == "/tmp" and STICKY or nil }) end
  for _, path in ipairs(kept) do
    local itself = false
    for _, empty in ipairs(EMPTY) do itself = itself or path == empty end
    if itself then
      mount_over(path, root)
    elseif hidden(path) and tiny.stat(path) then
      tiny.mount_bind(path, path, { root = root, create = true, read_only = true })
    end
  end
  if tiny.stat("/dev/shm") then tiny.mount_tmpfs("/dev/shm", { root = root, nosuid = true, nodev = true, mode = STICKY }) end
  tiny.mount_proc("/proc", { root = root })
  tiny.mount_sysfs("/sys", { root = root, read_only = true })
  -- An unprivileged user cannot write to these files, and can mount /proc only if the visible one is complete.
  if not rootless then protect(root) end
  if cgroups then mount_cgroups(root, cgroups) end
  tiny.pivot_root(root)
end

local function complete(kept, cgroups, rootless)
  lay_out(kept, cgroups, rootless)
  if cgroups then leave_top() end
  tiny.link_set("lo", { up = true })
  -- A new network namespace starts with the host's settings, which a running container may have changed.
  for _, name in ipairs { "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding" } do tiny.try(tiny.sysctl, name, "0") end
  tiny.sethostname("private")
  for _, folder in ipairs { "/tmp/home", "/tmp/test", "/tmp/test-run" } do tiny.mkdir(folder, { mode = PRIVATE }) end
end

-- An unprivileged user's test does not run as root: it gets another namespace, with the user's ids.
local function as_user(user, body)
  local again <close> = tiny.userns { uid_map = { { user.uid, 0, 1 } }, gid_map = { { user.gid, 0, 1 } } }
  return tiny.clone({ user = again }, body)
end

-- Removes the cgroups of private hosts whose creator was killed. A cgroup in use cannot be removed.
function private_host.clear()
  for _, mount in ipairs(not require("tiny.base.rootless").is() and tiny.probe().cgroup.mounts or {}) do
    for _, name in ipairs(tiny.try(tiny.list_dir, mount.path .. mount.own) or {}) do
      local pid = name:match("^" .. PREFIX:gsub("%-", "%%-") .. "(%d+)%-")
      if pid and not tiny.stat("/proc/" .. pid) then tiny.try(tiny.cgroup_del, name, { recursive = true }) end
    end
  end
end

-- Runs `body` in a new private host; returns the child and its cgroup, which the caller closes in this order. `first` runs
-- before the files are set up. kept: paths that the body needs.
function private_host.start(kept, first, body)
  local user = { uid = tiny.getuid(), gid = tiny.getgid() }
  local rootless = require("tiny.base.rootless").is()
  local own <close> = rootless and tiny.userns((require("tiny.base.rootless").own_maps())) or nil
  local name = PREFIX .. tiny.getpid() .. "-" .. tiny.random_id(4)
  local cg = not rootless and group(name) or nil
  local cgroups = cg and tiny.probe().cgroup.mounts or nil
  local child = tiny.clone({ user = own, pid = true, mount = true, net = true, uts = true, ipc = true, cgroup = cg or true, cgroupns = cg and true or nil }, function()
    first()
    -- When the runner ends, for whatever reason, everything in here ends.
    tiny.set_parent_death_signal("SIGKILL")
    complete(kept, cgroups, rootless)
    -- PID 1 reaps processes that the test leaves behind; the test is its first child.
    tiny.become_init(rootless and as_user(user, body) or tiny.fork(body))
  end)
  return child, cg and { path = cg.path, close = function() tiny.try(tiny.cgroup_del, cg:keep(), { kill = true }) end } or nil
end

return private_host
