-- An unprivileged user of the private host, with a home directory, subordinate ids and a delegated cgroup. From here
-- on, check.run starts tinylua as that user. Scenarios run unchanged a second time this way.
local check = require "check"

local ordinary = { name = "ordinary", uid = 4242, home = "/tmp/ordinary" }

local LIMITING = { memory = true, pids = true, cpu = true, cpuset = true }

-- The machine's files are not changed: others are mounted over them, in this host only.
local function add_line(path, line)
  if not tiny.stat(path) then check.skip("there is no " .. path .. " on this machine") end
  local copy = "/tmp/ordinary-etc" .. path:gsub("/", "-")
  tiny.write_file(copy, (tiny.read_file(path) or "") .. line .. "\n", { mode = tonumber("644", 8) })
  tiny.mount_bind(copy, path)
end

local function own_folder(path)
  tiny.mkdir(path, { parents = true, mode = tonumber("700", 8) })
  tiny.chown(path, { uid = ordinary.uid, gid = ordinary.uid })
end

-- The view of the host in an unprivileged user's container needs user attributes, which tmpfs supports since Linux 6.6.
-- On an older kernel, the home directory is on a disk, if one is provided (tests/uml/init).
local DISK = "/media/tinylua-tests"

local function make_home()
  own_folder(ordinary.home)
  local _, err = tiny.try(tiny.setxattr, ordinary.home, "user.test", { value = "y" })
  if not err or err.code ~= "EOPNOTSUPP" or not tiny.stat(DISK) then return end
  -- One test at a time uses it, to its end.
  ordinary.turn = ordinary.turn or tiny.flock(DISK .. "/lock")
  tiny.try(tiny.remove, DISK .. "/home", { recursive = true })
  own_folder(DISK .. "/home")
  tiny.mount_bind(DISK .. "/home", ordinary.home)
end

-- A subtree of cgroup v2 that belongs to the user, and a group in it for the user's processes; nil without cgroup v2.
local function delegate()
  local given = {}
  for name, version in pairs(tiny.probe().cgroup.controllers) do
    if version == "v2" and LIMITING[name] then table.insert(given, name) end
  end
  local part = tiny.try(tiny.cgroup, "ordinary", { controllers = given })
  local top = part and part.folders.unified
  if not top then return nil end
  local leaf = tiny.cgroup("session", { parent = part })
  for _, folder in ipairs { top, top .. "/session" } do
    for _, name in ipairs { "", "/cgroup.procs", "/cgroup.subtree_control" } do
      tiny.chown(folder .. name, { uid = ordinary.uid, gid = ordinary.uid })
    end
  end
  ordinary.folder = top
  return leaf:keep() and part:keep() and leaf
end

-- Creates the user. options: subids = false for no ranges, delegated = false for no cgroup.
function ordinary.make(options)
  options = options or {}
  local id, name = ordinary.uid, ordinary.name
  add_line("/etc/passwd", ("%s:x:%d:%d::%s:/bin/sh"):format(name, id, id, ordinary.home))
  add_line("/etc/group", ("%s:x:%d:"):format(name, id))
  for _, file in ipairs { "/etc/subuid", "/etc/subgid" } do
    if options.subids ~= false then add_line(file, name .. ":3000000:65536") end
  end
  make_home()
  check.root = ordinary.home .. "/store"
  own_folder(check.root)
  local group = options.delegated ~= false and delegate() or nil
  ordinary.delegated = group ~= nil
  check.environment = { HOME = ordinary.home, PATH = os.getenv("PATH"), TERM = "dumb" }
  function check.start(f)
    return tiny.clone({ cgroup = group }, function()
      tiny.setuser(id)
      f()
    end)
  end
  return ordinary
end

-- A tun device in this private host that the user may open, as pasta and slirp4netns need it.
function ordinary.tun()
  for name, package in pairs { pasta = "passt", slirp4netns = "slirp4netns" } do
    if not require("tiny.net.rootless").find(name) then check.skip(name .. " is not installed (package " .. package .. ")") end
  end
  tiny.mkdir("/tmp/dev")
  tiny.mount_tmpfs("/tmp/dev")
  tiny.mknod("/tmp/dev/tun", "char", { major = 10, minor = 200 })
  if not tiny.stat("/dev/net/tun") then check.skip("this kernel has no tun device") end
  assert(os.execute("chmod 666 /tmp/dev/tun"))
  tiny.mount_bind("/tmp/dev/tun", "/dev/net/tun")
end

-- Runs a test of another directory as the user: "scenarios.lifecycle". options.needs: the controller of its limits,
-- which must be delegated.
function ordinary.runs(test, options)
  ordinary.make(options)
  local needs = options and options.needs
  local given = tiny.try(tiny.read_file, (ordinary.folder or "") .. "/cgroup.controllers") or ""
  if needs and not given:find(needs, 1, true) then check.skip(("the %s controller is not on cgroup v2, so that it cannot be delegated"):format(needs)) end
  require(test)
end

return ordinary
