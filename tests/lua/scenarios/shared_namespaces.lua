-- --pid, --ipc, --uts and --cgroupns: the container's own namespace, the host's, or that of another container.
local check = require "check"

local function own(kind) return tiny.readlink("/proc/self/ns/" .. kind) end
local function link(kind, ...)
  return check.succeeds("run", "--rm", "--network", "none", ...):gsub("\n", "")
end
local SHOW = { pid = "pid", ipc = "ipc", uts = "uts", cgroupns = "cgroup" }
local function shown(kind, value)
  return (link(kind, "--" .. kind, value, "readlink", "/proc/self/ns/" .. SHOW[kind]))
end

-- A neighbor to join.
check.succeeds("run", "-d", "--network", "none", "--name", "near", "--hostname", "neighbor", "sh", "-c", "ipcmk -Q >/dev/null; trap 'exit 0' TERM; while :; do sleep 0.05; done")
local pid = tonumber(check.succeeds("inspect", "-f", "state.pid", "near"))
local function near(kind) return tiny.readlink(("/proc/%d/ns/%s"):format(pid, SHOW[kind])) end

for kind, name in pairs(SHOW) do
  local private, host = shown(kind, "private"), shown(kind, "host")
  check.equal(host, own(name), kind .. "=host")
  assert(private ~= host, kind .. "=private")
  if kind ~= "cgroupns" then check.equal(shown(kind, "container:near"), near(kind), kind .. "=container") end
end

-- What comes with them: the hostname, which is never set in another's namespace, /dev/shm, and the processes.
local hostname = tiny.read_file("/proc/sys/kernel/hostname")
check.equal(link("uts", "--uts", "host", "sh", "-c", "cat /proc/sys/kernel/hostname; echo $HOSTNAME"), (hostname:gsub("\n", "")) .. (hostname:gsub("\n", "")))
check.equal(link("uts", "--uts", "container:near", "cat", "/proc/sys/kernel/hostname"), "neighbor")
check.equal(tiny.read_file("/proc/sys/kernel/hostname"), hostname)
tiny.write_file("/dev/shm/tinylua-shared", "seen\n")
check.equal(link("ipc", "--ipc", "host", "cat", "/dev/shm/tinylua-shared"), "seen")
tiny.remove("/dev/shm/tinylua-shared")
check.equal(link("pid", "--pid", "container:near", "sh", "-c", "cat /proc/1/comm"), "sh")

-- In a pid namespace that is not its own, a container is ended with all its processes, and only those are shown.
check.succeeds("run", "-d", "--network", "none", "--name", "guest", "--pid", "host", "sh", "-c", "setsid sleep 3333 & exec sleep 2222")
local function left()
  local found = 0
  for _, name in ipairs(tiny.list_dir("/proc")) do
    local words = name:match("^%d+$") and tiny.try(tiny.read_file, "/proc/" .. name .. "/cmdline") or ""
    if words:find("^sleep%z[23][23][23][23]%z") then found = found + 1 end
  end
  return found
end
local deadline = tiny.clock("monotonic") + 60
while left() < 2 and tiny.clock("monotonic") < deadline do tiny.poll({}, "10ms") end
check.equal(select(2, check.succeeds("top", "guest"):gsub("\n", "")), 3, "its two processes and the header")
check.equal(check.succeeds("exec", "guest", "readlink", "/proc/self/ns/pid"), own "pid" .. "\n")
local began = tiny.clock("monotonic")
check.equal(check.run({ "stop", "guest" }).err, "", "SIGTERM has its default action there")
assert(tiny.clock("monotonic") - began < 8, "stop waited for its timeout")
check.equal(left(), 0, "processes are left")
check.succeeds("start", "guest")
check.succeeds("rm", "-f", "guest")
check.equal(left(), 0, "processes are left after rm -f")

local function refused(text, ...)
  local result = check.run { "run", "--rm", "--network", "none", ... }
  check.equal(result.status, 125, result.err)
  assert(result.err:find(text, 1, true), result.err)
end
refused('pid: "other" is not one of private, host, container:NAME', "--pid", "other", "true")
refused('cgroupns: "container:near" is not one of private, host', "--cgroupns", "container:near", "true")
refused("hostname: the container has no uts namespace of its own (uts=host)", "--uts", "host", "--hostname", "x", "true")
refused("init: the container has no pid namespace of its own (pid=host)", "--pid", "host", "--init", "true")
refused("sysctls: kernel.shmmax=1 needs an IPC namespace of the container's own", "--ipc", "host", "--sysctl", "kernel.shmmax=1", "true")
refused("no such container", "--ipc", "container:nobody", "true")
refused("has all namespaces of its own", "--pid", "host", "--userns", "auto", "true")
check.succeeds("stop", "-t", "0", "near")
refused("the container near is not running", "--ipc", "container:near", "true")
check.succeeds("rm", "near")
check.no_container()
