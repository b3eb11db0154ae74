-- What belongs to an unprivileged user: store and runtime directory, ids, groups, files of the container's users;
-- limits that are refused, and features that need root.
local check = require "check"
local user = require("ordinary").make { delegated = false }

local function inside(...) return (check.succeeds("run", "--rm", ...):gsub("\n$", "")) end
local function refused(text, ...) check.run_refused(text, ...) end

-- Root inside is the user outside, and other users inside are from the user's range.
check.equal(inside("sh", "-c", "id -u; id -g; id -G; cat /proc/self/setgroups"), "0\n0\n0\nallow")
check.equal(inside("sh", "-c", "tr -s ' ' </proc/self/uid_map"), " 0 4242 1\n 1 3000000 65536")
check.succeeds("run", "-d", "--name", "web", "sh", "-c", "touch /root/mine; exec sleep 60")
check.equal(check.succeeds("exec", "-u", "1000:1000", "web", "sh", "-c", "touch /tmp/theirs; id -u"), "1000\n")
local id = tiny.read_file(check.root .. "/names/web")
local dir = check.root .. "/containers/" .. id
check.equal(tiny.stat(dir .. "/upper/root/mine").uid, user.uid)
check.equal(tiny.stat(dir .. "/upper/tmp/theirs").uid, 3000999)
local pid = math.tointeger(tonumber((check.succeeds("inspect", "--format", "state.pid", "web"))))
local status = tiny.read_file(("/proc/%d/status"):format(pid))
check.equal(status:match("Uid:%s+(%d+)"), "4242")
check.equal(status:match("NoNewPrivs:%s+(%d)") .. status:match("Seccomp:%s+(%d)"), "12", "no_new_privs and the filter")
for _, kind in ipairs { "user", "mnt", "pid", "net", "uts", "ipc", "cgroup" } do
  local own, theirs = tiny.readlink("/proc/self/ns/" .. kind), tiny.readlink(("/proc/%d/ns/%s"):format(pid, kind))
  assert(own ~= theirs, kind)
end

-- cp maps the container's ids, in both directions, running or not.
tiny.write_file("/tmp/ordinary/given", "given")
tiny.chown("/tmp/ordinary/given", { uid = user.uid, gid = user.uid })
check.succeeds("cp", "/tmp/ordinary/given", "web:/root/given")
check.equal(check.succeeds("exec", "web", "cat", "/root/given"), "given")
check.succeeds("stop", "-t", "0", "web")
check.succeeds("cp", "web:/tmp/theirs", "/tmp/ordinary/back")
check.equal(tiny.stat("/tmp/ordinary/back").uid, user.uid)
check.succeeds("cp", "/tmp/ordinary/given", "web:/tmp/late")
check.succeeds("start", "web")
check.equal(check.succeeds("exec", "web", "cat", "/tmp/late"), "given")

-- Files created by its users are removed with it, although they do not belong to this user.
check.succeeds("exec", "-u", "1000:1000", "web", "sh", "-c", "mkdir -p /tmp/deep/er; touch /tmp/deep/er/file; chmod 700 /tmp/deep")
check.succeeds("rm", "-f", "web")
check.no_container()

-- The view: the host's files, hidden private files, and changes that are discarded.
check.equal(inside("sh", "-c", "ls -A /home /root /srv /tmp; cat /etc/shadow 2>/dev/null; echo x >/etc/made && cat /etc/made"), "/home:\n\n/root:\n\n/srv:\n\n/tmp:\nx")
assert(not tiny.stat("/etc/made"), "the host's /etc was changed")
check.equal(inside("sh", "-c", "mknod /tmp/n c 1 5 2>/dev/null || echo refused"), "refused")
check.equal(inside("sh", "-c", "mount -t tmpfs t /mnt 2>/dev/null || echo refused"), "refused")

check.equal(inside("--read-only", "-v", "/tmp/ordinary:/opt", "sh", "-c", "for f in / /etc /usr/bin /var/tmp /tmp /root; do touch $f/x 2>/dev/null && echo $f; done; touch /opt/x && echo volume"),
  "volume", "what of a read-only container can be written")

-- A rootfs of the user: files created by its root belong to the user.
tiny.mkdir("/tmp/ordinary/rootfs/bin", { parents = true })
tiny.write_file("/tmp/ordinary/rootfs/bin/busybox", tiny.read_file("/bin/busybox", { max = "16m" }), { mode = tonumber("755", 8) })
assert(os.execute("chown -R 4242:4242 /tmp/ordinary/rootfs"))
check.equal(inside("--rootfs", "/tmp/ordinary/rootfs", "/bin/busybox", "sh", "-c", "echo made >/file; /bin/busybox cat /file; /bin/busybox id -u"), "made\n0")
check.equal(tiny.stat("/tmp/ordinary/rootfs/file").uid, user.uid)

-- Unavailable limits are refused, not dropped; without limits, cgroups are not mentioned.
local HINT = require("tiny.pipeline.delegated").HINT
for option, words in pairs { memory = { "-m", "64m" }, cpu = { "--cpus", "0.5" }, pids = { "--pids-limit", "9" }, cpuset = { "--cpuset-cpus", "0" } } do
  refused(("one: step cgroup: %s cannot be limited: no cgroup with that controller is delegated to your user\n  hint: %s"):format(option, HINT),
    "--name", "one", words[1], words[2], "true")
end
check.equal(check.run({ "run", "--rm", "true" }).err, "")
check.succeeds("run", "-d", "--name", "web", "sleep", "60")
check.refused("web has no cgroup, since none is delegated to you\n  hint: " .. HINT, "pause", "web")
check.succeeds("rm", "-f", "web")

-- Features that need root.
refused('userns: "host": a rootless container always has a user namespace whose root is your user\n  hint: omit the option, or run as root of the host', "--userns", "host", "true")
refused("network: pasta cannot be combined with other networks", "--network", "pasta", "--network", "bridge", "true")
check.equal(inside("--network", "none", "ls", "/sys/class/net"), "lo")
check.equal(inside("--network", "host", "readlink", "/proc/self/ns/net"), tiny.readlink("/proc/self/ns/net"))
check.equal(check.run({ "run", "--cap-add", "SYS_TIME", "date", "-s", "2020-01-01" }).status, 1, "over the host a capability is worth nothing")
check.succeeds("prune")

-- A container that shares another's network shares its ids.
check.succeeds("run", "-d", "--name", "first", "sleep", "60")
check.succeeds("run", "-d", "--name", "second", "--network", "container:first", "sleep", "60")
local function namespace(name, kind) return check.succeeds("exec", name, "readlink", "/proc/self/ns/" .. kind) end
for _, kind in ipairs { "net", "user" } do check.equal(namespace("first", kind), namespace("second", kind), kind) end
check.succeeds("rm", "-f", "first", "second")
check.no_container()

-- What a killed removal left is cleaned up, including files of the container's users.
check.succeeds("run", "--name", "half", "-u", "1000:1000", "sh", "-c", "mkdir -p /tmp/deep/er; touch /tmp/deep/er/file; chmod 700 /tmp/deep")
local half = tiny.read_file(check.root .. "/names/half")
tiny.rename(check.root .. "/containers/" .. half, ("%s/containers/.%s.gone"):format(check.root, half))
assert(check.succeeds("gc"):find(("partly removed directory .%s.gone"):format(half), 1, true))
check.equal(#tiny.list_dir(check.root .. "/containers"), 0)

-- The directory in /tmp is not used if another user already has it.
do
  local path = "/tmp/tinylua-" .. user.uid
  tiny.mkdir(path, { mode = tonumber("755", 8) })
  tiny.chown(path, { uid = 4243, gid = 4243 })
  local child <close> = check.start(function()
    local environment = { HOME = user.home }
    os.getenv = function(name) return environment[name] end
    tiny.settings.root = nil
    local _, err = tiny.try(require("tiny.state").roots)
    check.equal(err and err.message, path .. " is not a directory that only you can change")
  end)
  check.equal(child:wait(), 0)
  tiny.remove(path)
end

-- Without a runtime directory of the session, one in /tmp is used; if another user creates it first, nothing is stored
-- in it.
local child <close> = check.start(function()
  local environment = { HOME = user.home, XDG_RUNTIME_DIR = "", XDG_DATA_HOME = "here" }
  os.getenv = function(name) return environment[name] end
  tiny.settings.root = nil
  local state, path, mkdir = require "tiny.state", "/tmp/tinylua-" .. user.uid, tiny.mkdir
  check.equal(table.concat({ state.roots() }, " "), user.home .. "/.local/share/tinylua " .. path .. "/tinylua")
  tiny.mkdir = function(made, options)
    if made:sub(1, #path) == path then tiny.try(mkdir, path, { mode = tonumber("777", 8) }) end
    return mkdir(made, options)
  end
  local _, err = tiny.try(state.create, { name = "late", command = { "true" } })
  check.equal(err and err.message, path .. " is not a directory that only you can change")
end)
check.equal(child:wait(), 0)
