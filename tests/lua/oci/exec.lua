-- exec in all its forms: options, a file that describes the process, terminals, pid files, descriptors, CPU affinity.
-- covers: process.execCPUAffinity.initial process.execCPUAffinity.final
local check = require "check"
local oci = require "oci_bundle"

local path = oci.bundle("sleep 600", function(config)
  config.process.env, config.process.cwd = { "PATH=/bin", "FROM=container" }, "/tmp"
  config.process.user = { uid = 1000, gid = 100, additionalGids = { 7 } }
  config.process.noNewPrivileges = false
end)
oci.succeeds { "run", "--detach", "--bundle", path, "e" }

local function exec(...) return (oci.succeeds({ "exec", ... }).out:gsub("\n$", "")) end

-- What the container's own process has, and what the options change.
check.equal(exec("e", "sh", "-c", "echo $FROM; pwd; id -u; id -G"), "container\n/tmp\n1000\n100 7")
check.equal(exec("-e", "A=1", "--env", "FROM=option", "e", "sh", "-c", "echo $A $FROM"), "1 option")
check.equal(exec("--cwd", "/etc", "e", "pwd"), "/etc")
check.equal(exec("-u", "5", "e", "sh", "-c", "id -u; id -g; id -G"), "5\n100\n100 7")
check.equal(exec("--user", "5:6", "--additional-gids", "8", "e", "sh", "-c", "id -u; id -g; id -G"), "5\n6\n6 7 8")
check.equal(exec("--no-new-privs", "e", "grep", "NoNewPrivs", "/proc/self/status"):match "%d", "1")
check.equal(exec("e", "grep", "NoNewPrivs", "/proc/self/status"):match "%d", "0")
check.equal(exec("--cap", "CAP_SYS_NICE", "-u", "0", "e", "grep", "CapEff", "/proc/self/status"):match "(%x+)$", "0000000020800420")
check.equal(exec("e", "--", "echo", "-u"), "-u")
check.equal(oci.run({ "exec", "e", "sh", "-c", "exit 42" }).status, 42)
check.equal(oci.run({ "exec", "e", "sh", "-c", "kill -9 $$" }).status, 137)
check.equal(oci.run({ "exec", "e", "cat" }, { input = "standard input" }).out, "standard input")
oci.fails([[exec "missing": executable file not found in $PATH]], { "exec", "e", "missing" })
oci.fails([=[--user: "web" is not UID[:GID]]=], { "exec", "-u", "web", "e", "true" })
oci.fails("process.cwd: ENOENT: No such file or directory: /nowhere", { "exec", "--cwd", "/nowhere", "e", "true" })
oci.fails("no program given", { "exec", "e" })
oci.fails([[container "none" does not exist]], { "exec", "none", "true" })

-- It is in the container: namespaces, root, cgroup, and pid 1 of the container is its parent's.
check.equal(exec("e", "sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '"), "sleep 600 ")
local pid = oci.state("e").pid
for _, kind in ipairs { "pid", "net", "ipc", "uts", "mnt", "cgroup" } do
  check.equal(exec("-u", "0", "e", "readlink", "/proc/self/ns/" .. kind), tiny.readlink(("/proc/%d/ns/%s"):format(pid, kind)), kind)
end
check.equal(exec("-u", "0", "e", "cat", "/proc/self/cgroup"), exec("-u", "0", "e", "cat", "/proc/1/cgroup"))

-- A file that describes the whole process.
local function process(value)
  tiny.write_file("/tmp/process.json", tiny.json_encode(value))
  return "/tmp/process.json"
end
local plain = { args = { "sh", "-c", "id -u; echo $X; pwd; ulimit -n; umask; cat /proc/self/oom_score_adj" }, cwd = "/root",
  env = { "PATH=/bin", "X=file" },
  user = { uid = 0, gid = 0, umask = 7 }, rlimits = { { type = "RLIMIT_NOFILE", soft = 55, hard = 66 } }, oomScoreAdj = 99 }
check.equal(exec("--process", process(plain), "e"), "0\nfile\n/root\n55\n0007\n99")
check.equal(exec("-p", process { args = { "grep", "Cap", "/proc/self/status" }, cwd = "/", env = { "PATH=/bin" },
  capabilities = { bounding = { "CAP_CHOWN" }, effective = { "CAP_CHOWN" }, permitted = { "CAP_CHOWN" } } },
    "e"):match "CapBnd:%s*0*(%x)", "1")
oci.fails("process.cwd: it is missing", { "exec", "-p", process { args = { "true" } }, "e" })
oci.fails("process.rlimits[0].soft: it is missing", { "exec", "-p", process { args = { "true" }, cwd = "/",
  rlimits = { { type = "RLIMIT_CPU", hard = 1 } } }, "e" })
oci.fails("/missing.json: no such file or directory", { "exec", "-p", "/missing.json", "e" })
check.equal(oci.succeeds({ "exec", "-p", "-", "e" }, { input = tiny.json_encode(plain) }).out:match "^0\nfile", "0\nfile")

-- CPU affinity: `initial` until it is in the cgroup, `final` then.
local cpus = tiny.read_file("/proc/self/status"):match "Cpus_allowed_list:%s*(%S+)"
local last = cpus:match "(%d+)$"
local function affinity(value)
  return exec("-p", process { args = { "grep", "Cpus_allowed_list", "/proc/self/status" }, cwd = "/", env = { "PATH=/bin" },
    execCPUAffinity = value }, "e"):match "(%S+)$"
end
check.equal(affinity { initial = last, final = last }, last)
check.equal(affinity { final = last }, last)
check.equal(affinity { initial = last }, last)
check.equal(affinity {}, cpus)
oci.fails([[process.execCPUAffinity.initial: "first" is not a list of CPUs such as 0-3,7]],
  { "exec", "-p", process { args = { "true" }, cwd = "/", execCPUAffinity = { initial = "first" } }, "e" })
oci.fails("process.execCPUAffinity.final: ", { "exec", "-p", process { args = { "true" }, cwd = "/",
  execCPUAffinity = { final = "4000" } }, "e" })

-- Detached, with a pid file that is whole when it is there.
local result = oci.succeeds { "exec", "--detach", "--pid-file", "/tmp/exec.pid", "e", "sleep", "301" }
check.equal(result.out .. result.err, "")
local second = tonumber(tiny.read_file "/tmp/exec.pid")
check.equal(tiny.read_file(("/proc/%d/cmdline"):format(second)), "sleep\0" .. "301\0")
check.equal(tiny.readlink(("/proc/%d/ns/pid"):format(second)), tiny.readlink(("/proc/%d/ns/pid"):format(pid)))
oci.fails("process.terminal is set, but there is no --console-socket", { "exec", "--detach", "--tty", "e", "true" })

-- Descriptors after standard error, of which only those that are asked for are passed on.
local function descriptors(...)
  return oci.succeeds({ ... }, {
    prepare = function()
      for number = 3, 5 do
        local file <close> = tiny.open("/tmp/descriptor-" .. number, { write = true, create = true })
        tiny.dup2(file, number)
      end
    end,
    keep_fds = 3,
  })
end
check.equal(descriptors("exec", "-u", "0", "--preserve-fds", "2", "e", "sh", "-c", "ls /proc/$$/fd; echo four >&4; echo $LISTEN_FDS").out,
  "0\n1\n2\n3\n4\n2\n")
check.equal(tiny.read_file "/tmp/descriptor-4", "four\n")
check.equal(descriptors("exec", "-u", "0", "e", "sh", "-c", "ls /proc/$$/fd; true").out, "0\n1\n2\n")

-- A cgroup below the container's.
local group = tiny.try(tiny.open_cgroup, "tinylua-oci/e")
if group then
  local below <close> = tiny.cgroup("tinylua-oci/e/below", { controllers = tiny.probe().cgroup.controllers.pids == "v1" and { "pids" }
    or {} })
  check.equal(exec("-u", "0", "--cgroup", "/below", "e", "grep", "pids\\|^0:", "/proc/self/cgroup"):match "below", "below")
end
oci.fails("--cgroup: the container has no cgroup", { "exec", "--cgroup", "/none", "e", "true" })
oci.fails("is no cgroup below the container's", { "exec", "--cgroup", "../..", "e", "true" })

-- States: paused, created, stopped.
oci.succeeds { "pause", "e" }
oci.fails([[cannot exec in container "e": it is paused]], { "exec", "e", "true" })
local waiting = oci.run({ "exec", "--ignore-paused", "e", "echo", "thawed" }, { wait = false })
oci.succeeds { "resume", "e" }
check.equal(waiting.wait().out, "thawed\n")
oci.succeeds { "delete", "-f", "e" }

oci.succeeds { "create", "-b", path, "c" }
check.equal(exec("-u", "0", "c", "sh", "-c", "echo $FROM"), "container")
oci.succeeds { "delete", "-f", "c" }
oci.succeeds { "run", "-d", "-b", (oci.bundle "true"), "s" }
oci.eventually(function() return oci.state("s").status == "stopped" end, "stopped")
oci.fails([[cannot exec in container "s": it is stopped]], { "exec", "s", "true" })
oci.succeeds { "delete", "s" }
oci.nothing()
