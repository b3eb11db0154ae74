-- What the program of a container is given (config.md, "Process"), read in the container from the kernel.
-- covers: ociVersion root.path process.args process.cwd process.env process.user.uid process.user.gid process.user.umask
-- covers: process.user.additionalGids process.rlimits.type process.rlimits.soft process.rlimits.hard process.noNewPrivileges
-- covers: process.oomScoreAdj process.scheduler.policy process.scheduler.nice process.scheduler.priority process.scheduler.flags
-- covers: process.scheduler.runtime process.scheduler.deadline process.scheduler.period process.ioPriority.class
-- covers: process.ioPriority.priority linux.personality.domain linux.personality.flags linux.memoryPolicy.mode
-- covers: linux.memoryPolicy.nodes linux.memoryPolicy.flags process.commandLine process.user.username hostname domainname annotations
local check = require "check"
local oci = require "oci_bundle"

local function with(process)
  return function(config)
    for key, value in pairs(process) do config.process[key] = value end
  end
end

local function status_of(change)
  local found = {}
  for name, value in oci.output("cat /proc/self/status", change):gmatch("(%w+):%s*([^\n]*)") do found[name] = value end
  return found
end

-- Arguments, directory, environment.
check.equal(oci.output(nil, function(c) c.process.args = { "echo", "a b", "", "$HOME" } end), "a b  $HOME")
check.equal(oci.output("pwd", with { cwd = "/tmp" }), "/tmp")
check.equal(oci.output("pwd", with { cwd = "/made/for/it" }), "/made/for/it", "a missing directory is created")
check.equal(oci.output("env", with { env = { "PATH=/bin", "A=1", "B=x=y", "A=2", "HOME=/h" } }):gsub("SHLVL=.\n", ""):gsub("PWD=/\n?",
  ""):match("A=2") , "A=2")
check.equal(oci.output("echo $HOME", with { env = { "PATH=/bin" }, user = { uid = 1000, gid = 1000 } }), "/home/web",
  "HOME from /etc/passwd")
check.equal(oci.output("echo $PATH; id -u", with { env = {} }):match("\n(.*)"), "0", "found without PATH")
check.equal(oci.output("cat", with { env = { "PATH=/bin" } }, { input = "from stdin" }), "from stdin")
oci.refused([[process.cwd: it must be an absolute path, not "tmp"]], with { cwd = "tmp" })
oci.refused("process.cwd: ENOTDIR: Not a directory: /etc/passwd", with { cwd = "/etc/passwd" })
oci.refused("process.args: it is empty", with { args = {} })
oci.refused([[process.env[1]: "NOVALUE" is not NAME=VALUE]], with { env = { "A=1", "NOVALUE" } })
oci.refused([[exec "missing": executable file not found in $PATH]], with { args = { "missing" } })
oci.refused([[exec "/missing": no such file or directory]], with { args = { "/missing" } })
oci.refused([[exec "/etc/passwd": permission denied]], with { args = { "/etc/passwd" } })

-- The user.
check.equal(oci.output("id -u; id -g; id -G; umask", with { user = { uid = 7, gid = 8, additionalGids = { 9, 10 }, umask = 63 } }),
  "7\n8\n8 9 10\n0077")
check.equal(oci.output("id -G", with { user = {} }), "0", "no groups of the caller")
check.equal(oci.output("grep Groups /proc/self/status", with { user = { uid = 7, gid = 8,
  additionalGids = { 9, 10, 9 } } }):match("Groups:%s*(.-)%s*$"), "9 10")
oci.refused("process.user.uid: -1 is not between 0 and 4294967294", with { user = { uid = -1, gid = 0 } })
oci.refused("process.user.gid: 4294967295 is not between", with { user = { uid = 0, gid = 4294967295 } })
oci.refused("process.user.additionalGids[1]: -5 is not between", with { user = { additionalGids = { 1, -5 } } })
oci.refused("process.user.umask: it is not between 0 and 0777 (511)", with { user = { umask = 512 } })
-- What is for Windows has no effect here.
check.equal(oci.output("id -u", with { commandLine = "cmd.exe", user = { uid = 3, gid = 3, username = "Administrator" } }), "3")

-- Limits.
local limits = oci.output("cat /proc/self/limits", with { rlimits = {
  { type = "RLIMIT_NOFILE", soft = 100, hard = 200 }, { type = "RLIMIT_CORE", soft = 0, hard = 4096 },
  { type = "RLIMIT_CPU", soft = 50, hard = 60 },
  { type = "RLIMIT_STACK", soft = 1048576, hard = 1048576 }, { type = "RLIMIT_MSGQUEUE", soft = 10, hard = 20 },
} })
for name, want in pairs { ["Max open files"] = "100 200", ["Max core file size"] = "0 4096", ["Max cpu time"] = "50 60",
  ["Max stack size"] = "1048576 1048576", ["Max msgqueue size"] = "10 20" } do
  check.equal(limits:match(name .. "%s+(%d+%s+%d+)"):gsub("%s+", " "), want, name)
end
oci.refused([[process.rlimits[0].type: "NOFILE" is not a limit such as RLIMIT_NOFILE]],
  with { rlimits = { { type = "NOFILE", soft = 1, hard = 1 } } })
oci.refused("process.rlimits: RLIMIT_WHAT", with { rlimits = { { type = "RLIMIT_WHAT", soft = 1, hard = 1 } } })
oci.refused("process.rlimits[1].type: RLIMIT_CORE is there twice", with { rlimits = { { type = "RLIMIT_CORE", soft = 0, hard = 0 },
  { type = "RLIMIT_CORE", soft = 0, hard = 0 } } })
oci.refused("process.rlimits[0]: the soft limit is above the hard limit", with { rlimits = { { type = "RLIMIT_CORE", soft = 2,
  hard = 1 } } })

-- Privileges.
check.equal(status_of(with { noNewPrivileges = true }).NoNewPrivs, "1")
check.equal(status_of(with { noNewPrivileges = false }).NoNewPrivs, "0")

-- Priorities. Kernels of user-mode tests may lack some.
check.equal(oci.output("cat /proc/self/oom_score_adj", with { oomScoreAdj = 321 }), "321")
oci.refused("process.oomScoreAdj: 1001 is not between -1000 and 1000", with { oomScoreAdj = 1001 })

local function scheduling(scheduler)
  local text = oci.output("cat /proc/self/stat; true", with { scheduler = scheduler }):gsub("^.*%) ", "")
  local fields = {}
  for word in text:gmatch("%S+") do table.insert(fields, word) end
  -- nice, rt_priority, policy: fields 19, 40 and 41 of proc_pid_stat(5).
  return ("%s %s %s"):format(fields[17], fields[38], fields[39])
end
check.equal(scheduling { policy = "SCHED_OTHER", nice = 7 }, "7 0 0")
check.equal(scheduling { policy = "SCHED_BATCH", nice = 3 }, "3 0 3")
check.equal(scheduling({ policy = "SCHED_IDLE" }):match "%d 5$", "0 5", "it has no nice value")
check.equal(scheduling { policy = "SCHED_OTHER", nice = -5 }, "-5 0 0")
check.equal(scheduling { policy = "SCHED_OTHER", nice = -5, flags = { "SCHED_FLAG_RESET_ON_FORK" } }, "0 0 0", "children begin anew")
oci.refused([[process.scheduler.policy: "SCHED_NEW" is not one of]], with { scheduler = { policy = "SCHED_NEW" } })
oci.refused([[process.scheduler.flags[0]: "X" is not one of]], with { scheduler = { policy = "SCHED_OTHER", flags = { "X" } } })
oci.refused("process.scheduler: ", with { scheduler = { policy = "SCHED_DEADLINE", runtime = 20, deadline = 10, period = 10 } })
oci.refused("process.scheduler: ", with { scheduler = { policy = "SCHED_FIFO", priority = 0 } })

-- The class and the level of the parent, which the shell inherits; ioprio has no file in /proc, so a process asks for it.
local text = oci.output("ionice", function(config, path)
  config.process.ioPriority = { class = "IOPRIO_CLASS_BE", priority = 6 }
  tiny.symlink("busybox", path .. "/rootfs/bin/ionice")
end)
check.equal(text, "best-effort: prio 6")
oci.refused("process.ioPriority.class: it is missing", with { ioPriority = { priority = 1 } })
oci.refused("process.ioPriority.priority: 8 is not between 0 and 7", with { ioPriority = { class = "IOPRIO_CLASS_BE", priority = 8 } })

-- The execution domain.
local machine = oci.output "uname -m"
check.equal(oci.output("cat /proc/self/personality", function(c) c.linux.personality = { domain = "LINUX32" } end), "00000008")
-- User-Mode Linux accepts the domain and shows the same machine.
if machine == "x86_64" and not tiny.read_file "/proc/cpuinfo":match "User Mode Linux" then
  check.equal(oci.output("uname -m", function(c) c.linux.personality = { domain = "LINUX32" } end), "i686")
end
check.equal(oci.output("uname -m", function(c) c.linux.personality = { domain = "LINUX" } end), machine)
oci.refused("linux.personality.flags", function(c) c.linux.personality = { domain = "LINUX", flags = { "ADDR_NO_RANDOMIZE" } } end)
oci.refused("linux.personality.domain", function(c) c.linux.personality = { domain = "BSD" } end)
oci.refused("linux.personality.domain: it is missing", function(c) c.linux.personality = {} end)

-- The NUMA memory policy, as the kernel shows it for a mapping.
if tiny.stat("/proc/self/numa_maps") then
  local function policy(asked)
    return oci.output("head -n 1 /proc/self/numa_maps", function(c) c.linux.memoryPolicy = asked end):match("^%x+ (%S+)")
  end
  check.equal(policy { mode = "MPOL_INTERLEAVE", nodes = "0" }, "interleave:0")
  check.equal(policy { mode = "MPOL_BIND", nodes = "0", flags = { "MPOL_F_STATIC_NODES" } }, "bind=static:0")
  check.equal(policy { mode = "MPOL_DEFAULT" }, "default")
end
oci.refused("linux.memoryPolicy", function(c) c.linux.memoryPolicy = { mode = "MPOL_BIND", nodes = "4000" } end)
oci.refused([[linux.memoryPolicy.mode: "MPOL_NEW" is not one of]], function(c) c.linux.memoryPolicy = { mode = "MPOL_NEW" } end)
oci.refused([[linux.memoryPolicy.flags[0]: "X" is not one of]], function(c) c.linux.memoryPolicy = { mode = "MPOL_BIND", nodes = "0",
  flags = { "X" } } end)

-- Names of the machine.
check.equal(oci.output("hostname; cat /proc/sys/kernel/domainname", function(c) c.hostname, c.domainname = "box", "example.test" end),
  "box\nexample.test")
check.equal(tiny.read_file "/proc/sys/kernel/hostname", "private\n", "that of the host")

-- Versions, and fields of other platforms.
check.equal(oci.output("echo yes", function(c) c.ociVersion = "1.0.2-dev" end), "yes")
oci.refused([[ociVersion: this runtime supports the versions 1.0.0 to 1.3.0, not "2.0.0"]], function(c) c.ociVersion = "2.0.0" end)
oci.refused([[ociVersion: "one" is not a version such as 1.3.0]], function(c) c.ociVersion = "one" end)
oci.refused("windows: the configuration is for another platform", function(c) c.windows = { network = {} } end)

-- Annotations are part of the state.
local path = oci.bundle("true", function(c) c.annotations = { ["org.example.key"] = "value" } end)
oci.succeeds { "create", "-b", path, "a" }
check.equal(oci.state("a").annotations["org.example.key"], "value")
oci.succeeds { "delete", "-f", "a" }
oci.nothing()
