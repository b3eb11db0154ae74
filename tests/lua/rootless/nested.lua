-- Root of a user namespace is an unprivileged user: `run` works, its state is in the XDG directories, and the ids that exist
-- there exist in the container. A container without limits needs no cgroup.
local check = require "check"

local root = check.root
-- tinylua as root of a user namespace with these maps.
local function nested(maps, prepare, ...)
  local words = { ... }
  local own <close> = tiny.userns(maps)
  local before = check.start
  check.start = function(f)
    return tiny.clone({ user = own, mount = true }, function()
      tiny.setuser(0, { groups = {} })
      prepare()
      f()
    end)
  end
  tiny.mkdir("/tmp/nested", { parents = true })
  tiny.chown("/tmp/nested", { uid = maps.uid_map[1][2], gid = maps.gid_map[1][2] })
  check.root = "/tmp/nested/" .. #words .. maps.uid_map[1][2]
  local result = check.run(words)
  check.start, check.root = before, root
  return result
end

local function nothing() end
local one = { uid_map = { { 0, 4242, 1 } }, gid_map = { { 0, 4242, 1 } } }
local many = { uid_map = { { 0, 600000, 3000 } }, gid_map = { { 0, 600000, 3000 } } }

local function says(result, text)
  if result.status ~= 0 or result.out ~= text then error(("%s: %s%s"):format(result.status, result.out, result.err), 2) end
end
says(nested(one, nothing, "run", "--rm", "sh", "-c", "id -u; tr -s ' ' </proc/self/uid_map"), "0\n 0 0 1\n")
says(nested(many, nothing, "run", "--rm", "-u", "2500", "sh", "-c", "id -u; tr -s ' ' </proc/self/uid_map"), "2500\n 0 0 3000\n")

local refused = nested(one, function() tiny.set_caps { bounding = {}, effective = {}, permitted = {} } end, "run", "--rm", "true")
check.equal(refused.status, 125)
assert(refused.err:find("this root has no capabilities (CAP_SETFCAP)", 1, true), refused.err)
assert(refused.err:find("hint: keep them: bwrap --cap-add ALL", 1, true), refused.err)

-- The default directories are not root's of the host.
local own <close> = tiny.userns(one)
local from, into = tiny.pipe()
check.inside({ user = own }, function()
  tiny.setuser(0, { groups = {} })
  tiny.settings.root = nil
  into:write(table.concat({ require("tiny.store.state").roots() }, " "))
end)
check.equal(from:read(), ("%s/.local/share/tinylua %s/tinylua"):format(os.getenv("HOME"), os.getenv("XDG_RUNTIME_DIR") or "/tmp/tinylua-4242"))

-- Root of the host, with cgroups that are read-only or missing.
local function without(how, ...)
  local words, before = { ... }, check.start
  check.start = function(f)
    return tiny.clone({ mount = true }, function()
      tiny.mount_private("/")
      how()
      f()
    end)
  end
  local result = check.run(words)
  check.start = before
  return result
end
local function read_only() tiny.remount_ro("/sys/fs/cgroup", { recursive = true }) end
local function missing() tiny.umount("/sys/fs/cgroup", { detach = true }) end
for _, how in ipairs { read_only, missing } do
  says(without(how, "run", "--rm", "echo", "here"), "here\n")
  for _, option in ipairs { "--memory=64m", "--cap-add=MKNOD", "--device=/dev/fuse", "--cgroup-parent=web" } do
    check.equal(without(how, "run", "--rm", option, "true").status, 125, option)
  end
end
local started = without(read_only, "run", "-d", "--name", "web", "sleep", "60")
check.equal(started.status, 0, started.err)
local paused = check.run { "pause", "web" }
check.equal(paused.status, 1)
assert(paused.err:find("web has no cgroup: those of this host are missing or read-only", 1, true), paused.err)
check.equal(check.succeeds("exec", "web", "echo", "inside"), "inside\n")
check.succeeds("rm", "-f", "web")
check.no_container()
