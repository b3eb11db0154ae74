-- --userns for root's containers: id maps, the owners of files, privileges that are limited to the namespace, and
-- ranges that are released.
local check = require "check"

do
  local probe <close> = tiny.userns { uid_map = { { 0, 700000, 10 } }, gid_map = { { 0, 700000, 10 } } }
  for _, path in ipairs { "/", "/tmp" } do
    local mounted, err = tiny.try(tiny.mount_bind, path, "/mnt", { idmap = probe, recursive = false })
    if not mounted then check.skip("no idmapped mounts of the file system of " .. path .. ": " .. err.code) end
    mounted:close()
  end
end

local function inside(...) return (check.succeeds("run", "--rm", ...):gsub("\n$", "")) end
local function ranges()
  local list = {}
  for _, name in ipairs(tiny.list_dir(check.root .. "/userids") or {}) do
    if name:find("@", 1, true) then table.insert(list, name) end
  end
  return list
end
local function dir_of(name) return check.root .. "/containers/" .. tiny.read_file(check.root .. "/names/" .. name) end
local function pid_of(name) return math.tointeger(tonumber((check.succeeds("inspect", "--format", "state.pid", name)))) end

-- auto: a separate range above those of users, which no other container has.
local PRINT = "tr -s ' ' </proc/self/uid_map"
check.equal(inside("--userns", "auto", "sh", "-c", PRINT), " 0 603979776 65536")
check.equal(#ranges(), 0, "the range is given back")
check.succeeds("run", "-d", "--name", "a", "--userns", "auto", "sh", "-c", "echo a >/root/mine; touch /etc/new; exec sleep 60")
check.succeeds("run", "-d", "--name", "b", "--userns", "auto", "sleep", "60")
check.equal(check.succeeds("exec", "b", "sh", "-c", PRINT), " 0 604045312 65536\n")
check.equal(#ranges(), 2)
check.equal(tiny.read_file(("/proc/%d/status"):format(pid_of("a"))):match("Uid:%s+(%d+)"), "603979776", "its root outside")

-- Its files belong to its root inside and are stored with uid 0: the next start may have another range.
check.equal(check.succeeds("exec", "a", "stat", "-c", "%u %g", "/root/mine", "/etc/new", "/etc/passwd", "/", "/dev/null"), ("0 0\n"):rep(5))
check.equal(tiny.stat(dir_of("a") .. "/upper/root/mine").uid, 0)
check.equal(check.succeeds("exec", "-u", "nobody", "a", "sh", "-c", "touch /tmp/n; stat -c %u /tmp/n; id -u"), "65534\n65534\n")
check.succeeds("restart", "-t", "0", "a")
check.equal(check.succeeds("exec", "a", "cat", "/root/mine"), "a\n")
assert(check.succeeds("top", "a"):match("\n1 +%d+ +0 +%S"), "top shows the container's ids")
local explained = tiny.json_decode(check.succeeds("explain", "--format", "json", "a")).processes[1]
check.equal(explained.user, 0, "explain shows the container's ids")
check.equal(explained.uid >= 603979776, true)
local _, shown = tiny.try(tiny.read_file, "/etc/new")
assert(not tiny.stat("/etc/new"), "the host's /etc was changed")
assert(not shown)

-- Its root has no privileges over the host's namespaces or over its own mounts; over its network it has.
check.equal(check.succeeds("exec", "a", "sh", "-c", "cat /etc/shadow /root/none 2>/dev/null; echo $?"), "1\n")
check.equal(inside("--userns", "auto", "--cap-add", "SYS_ADMIN", "sh", "-c", "mount -t tmpfs t /mnt 2>/dev/null || echo refused"), "refused")
check.equal(inside("--userns", "auto", "--cap-add", "NET_ADMIN", "sh", "-c", "ip link set lo mtu 1400 && cat /sys/class/net/lo/mtu"), "1400")
check.equal(inside("--userns", "auto", "--network", "bridge", "sh", "-c", "busybox httpd -p 80 && hostname -I | wc -w && cat /proc/sys/net/ipv4/ping_group_range"), "1\n0\t65535")
check.equal(inside("--userns", "auto", "--network", "host", "readlink", "/proc/self/ns/net"), tiny.readlink("/proc/self/ns/net"))
check.equal(inside("--userns", "auto", "--init", "sh", "-c", "echo $$"), "2")
tiny.mkdir("/tmp/volume")
check.equal(inside("--userns", "auto", "-v", "/tmp/volume:/v", "sh", "-c", "stat -c %u /v; touch /v/x 2>/dev/null || echo refused"), "65534\nrefused")

-- cp maps the container's ids.
tiny.write_file("/tmp/given", "given")
check.succeeds("cp", "/tmp/given", "a:/root/given")
check.equal(check.succeeds("exec", "a", "stat", "-c", "%u", "/root/given"), "0\n")
check.succeeds("stop", "-t", "0", "a")
check.succeeds("cp", "/tmp/given", "a:/root/late")
check.succeeds("start", "a")
check.equal(check.succeeds("exec", "a", "stat", "-c", "%u", "/root/late"), "0\n")

-- A supervisor that is killed with its container keeps its range until that is detected.
local pid = math.tointeger(tonumber((check.succeeds("inspect", "--format", "state.supervisor.pid", "b"))))
local supervisor, process = tiny.pidfd_open(pid), tiny.pidfd_open(pid_of("b"))
check.kill(supervisor)
check.kill(process)
check.succeeds("gc")
check.equal(#ranges(), 1)
check.succeeds("rm", "-f", "a", "b")
check.equal(#ranges(), 0)
check.no_container()

-- An explicit map, over a rootfs of the user.
tiny.mkdir("/tmp/fs/bin", { parents = true })
tiny.write_file("/tmp/fs/bin/busybox", tiny.read_file("/bin/busybox", { max = "16m" }), { mode = tonumber("755", 8) })
local function rooted(...) return inside("--userns", "700000:710000:70000", "--rootfs", "/tmp/fs", "/bin/busybox", "sh", "-c", ...) end
check.equal(rooted("/bin/busybox cat /proc/self/uid_map /proc/self/gid_map | /bin/busybox tr -s ' '"), " 0 700000 70000\n 0 710000 70000")
check.equal(rooted("/bin/busybox touch /made; /bin/busybox stat -c '%u %g' /made /bin"), "0 0\n0 0")
check.equal(tiny.stat("/tmp/fs/made").uid .. " " .. tiny.stat("/tmp/fs/made").gid, "0 0", "as it is kept")

-- A file system without idmapped mounts is reported.
tiny.mkdir("/tmp/merged")
tiny.mkdir("/tmp/upper")
tiny.mkdir("/tmp/work")
tiny.mount_overlay("/tmp/merged", { lower = { "/tmp/fs" }, upper = "/tmp/upper", work = "/tmp/work" })
local refused = check.run { "run", "--userns", "auto", "--rootfs", "/tmp/merged", "/bin/busybox", "true" }
check.equal(refused.status, 125)
assert(refused.err:find("step rootfs: mount_bind(", 1, true) and refused.err:find("does not support idmapped mounts on this kernel", 1, true), refused.err)
check.no_container()
check.equal(#ranges(), 0)

local FORM = "\n  hint: host, auto, or UID:GID:COUNT: the first ids on the host and their number, such as 100000:100000:65536"
check.run_refused('userns: "atuo": neither a keyword nor a map' .. FORM, "--userns", "atuo", "true")
check.run_refused('userns: "own": only an unprivileged user can use this' .. FORM, "--userns", "own", "true")
check.run_refused('userns: "1:1:0": the ids must be between 1 and 4294836224' .. FORM, "--userns", "1:1:0", "true")
check.run_refused('userns: "9:4294967290:9": the ids must be between 1 and 4294836224' .. FORM, "--userns", "9:4294967290:9", "true")
check.run_refused('userns: "0:5:9": the host\'s root would be the container\'s root\n  hint: use --userns host for that', "--userns", "0:5:9", "true")
check.equal(inside("--userns", "host", "readlink", "/proc/self/ns/user"), tiny.readlink("/proc/self/ns/user"))
check.run_refused("network: pasta is for rootless containers\n  hint: use --network bridge", "--network", "pasta", "true")
