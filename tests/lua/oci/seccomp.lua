-- The system call filter of a container and the agent that answers its calls (config-linux.md, "Seccomp").
-- covers: linux.seccomp.defaultAction linux.seccomp.defaultErrnoRet linux.seccomp.architectures linux.seccomp.flags
-- covers: linux.seccomp.listenerPath linux.seccomp.listenerMetadata linux.seccomp.syscalls.names linux.seccomp.syscalls.name
-- covers: linux.seccomp.syscalls.action linux.seccomp.syscalls.errnoRet linux.seccomp.syscalls.args.index
-- covers: linux.seccomp.syscalls.args.value linux.seccomp.syscalls.args.valueTwo linux.seccomp.syscalls.args.op
local check = require "check"
local oci = require "oci_bundle"

-- A profile that allows everything but what these rules say.
local function with(rules, more)
  return function(config)
    config.process.noNewPrivileges = more and more.noNewPrivileges or false
    config.linux.seccomp = { defaultAction = "SCMP_ACT_ALLOW", syscalls = rules }
    for key, value in pairs(more and more.profile or {}) do config.linux.seccomp[key] = value end
  end
end

local MKDIR = { names = { "mkdir", "mkdirat" }, action = "SCMP_ACT_ERRNO", errnoRet = 28 }
for _, early in ipairs { true, false } do
  local text = oci.output("mkdir /x 2>&1; grep '^Seccomp:' /proc/self/status; true", with({ MKDIR }, { noNewPrivileges = early }))
  check.equal(text:gsub("%s+", " "), "mkdir: can't create directory '/x': No space left on device Seccomp: 2",
    "noNewPrivileges: " .. tostring(early))
end
-- Without a number, the error is EPERM; the default action has one of its own.
check.equal(oci.output("mkdir /x 2>&1; true", with { { names = { "mkdir", "mkdirat" }, action = "SCMP_ACT_ERRNO" } }),
  "mkdir: can't create directory '/x': Operation not permitted")
-- One name, as old profiles have it.
check.equal(oci.output("mkdir /x 2>&1; true", with { { name = "mkdir", action = "SCMP_ACT_ERRNO", errnoRet = 17 },
  { name = "mkdirat", action = "SCMP_ACT_ERRNO", errnoRet = 17 } }),
  "mkdir: can't create directory '/x': File exists")
-- Killed, trapped.
check.equal(oci.run({ "run", "-b", oci.bundle("mkdir /x; echo $?", with { { names = { "mkdir", "mkdirat" },
  action = "SCMP_ACT_KILL_PROCESS" } }), "c" }).out, "159\n")
check.equal(oci.run({ "run", "-b", oci.bundle("mkdir /x; echo $?", with { { names = { "mkdir", "mkdirat" }, action = "SCMP_ACT_TRAP" } }),
  "c" }).out, "159\n")
-- Logged, which changes nothing for the caller.
check.equal(oci.output("mkdir /x && echo made", with { { names = { "mkdir", "mkdirat" }, action = "SCMP_ACT_LOG" } }), "made")
-- Arguments: the mode of mkdir(2) is the second one of mkdir and the third of mkdirat.
local function of_mode(op, value, two)
  local list = {}
  for name, index in pairs { mkdir = 1, mkdirat = 2 } do
    table.insert(list, { names = { name }, action = "SCMP_ACT_ERRNO", errnoRet = 1,
      args = { { index = index, value = value, valueTwo = two, op = op } } })
  end
  local text = oci.output("umask 0; for m in 100 300 700; do mkdir -m $m /d$m 2> /dev/null && echo $m; done; true", function(config)
    with(list)(config)
  end)
  return (text:gsub("\n", " "))
end
-- busybox creates with 0777 and changes the mode later: only that value is seen.
check.equal(of_mode("SCMP_CMP_EQ", 511), "")
check.equal(of_mode("SCMP_CMP_NE", 511), "100 300 700")
check.equal(of_mode("SCMP_CMP_GT", 510), "")
check.equal(of_mode("SCMP_CMP_GT", 511), "100 300 700")
check.equal(of_mode("SCMP_CMP_GE", 511), "")
check.equal(of_mode("SCMP_CMP_LT", 511), "100 300 700")
check.equal(of_mode("SCMP_CMP_LE", 511), "")
check.equal(of_mode("SCMP_CMP_MASKED_EQ", 448, 448), "")
check.equal(of_mode("SCMP_CMP_MASKED_EQ", 512, 512), "100 300 700")

-- A default that refuses, with the calls that the program needs: what the runtime itself calls need not be among them.
local NEEDED = {}
for name in ([[execve brk mmap munmap mprotect arch_prctl set_tid_address set_robust_list rseq prlimit64 readlink readlinkat getrandom exit exit_group
  read write open openat close fstat newfstatat stat lstat ioctl rt_sigaction rt_sigprocmask rt_sigreturn getpid getppid getuid geteuid getgid getegid
  uname getcwd fcntl poll wait4 fork vfork clone clone3 dup dup2 pipe pipe2 access faccessat umask lseek
  gettid tgkill futex fstatfs set_thread_area ugetrlimit]]):gmatch "%S+" do table.insert(NEEDED, name) end
for _, early in ipairs { true, false } do
  local function strict(config)
    config.process.noNewPrivileges = early
    config.linux.seccomp = {
      defaultAction = "SCMP_ACT_ERRNO", defaultErrnoRet = 30, architectures = { "SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64" },
      syscalls = { { names = NEEDED, action = "SCMP_ACT_ALLOW" } },
    }
  end
  check.equal(oci.output("mkdir /x 2>&1; true", strict), "mkdir: can't create directory '/x': Read-only file system",
    "noNewPrivileges: " .. tostring(early))
  oci.succeeds { "run", "--detach", "-b", (oci.bundle("while :; do read x; done < /dev/zero", strict)), "e" }
  check.equal(oci.succeeds({ "exec", "e", "sh", "-c", "mkdir /x 2>&1; true" }).out,
    "mkdir: can't create directory '/x': Read-only file system\n")
  oci.succeeds { "delete", "-f", "e" }
  -- Nothing is left of the capability that a late filter needs.
  for _, uid in ipairs { 0, 1000 } do
    local held = oci.output("cat /proc/self/status", function(config)
      strict(config)
      config.process.user = { uid = uid, gid = 0 }
      config.process.capabilities = { bounding = { "CAP_CHOWN" }, permitted = { "CAP_CHOWN" }, effective = { "CAP_CHOWN" } }
    end)
    check.equal(held:match "CapPrm:%s*0*(%x)", uid == 0 and "1" or "0")
    check.equal(held:match "CapBnd:%s*0*(%x)", "1")
  end
end

-- Flags.
check.equal(oci.output("mkdir /x 2>&1; true", with({ MKDIR }, { profile = { flags = { "SECCOMP_FILTER_FLAG_LOG",
  "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC" } } })):match "No space", "No space")
for wrong, profile in pairs {
  ["SECCOMP_FILTER_FLAG_NEW"] = { flags = { "SECCOMP_FILTER_FLAG_NEW" } }, ["SCMP_ACT_NEW"] = { defaultAction = "SCMP_ACT_NEW" },
  ["SCMP_ARCH_NEW"] = { architectures = { "SCMP_ARCH_NEW" } }, ["SCMP_CMP_NEW"] = { syscalls = { { names = { "mkdir" },
    action = "SCMP_ACT_ERRNO", args = { { index = 0, value = 0, op = "SCMP_CMP_NEW" } } } } },
  ["defaultErrnoRet"] = { defaultErrnoRet = 3 },
} do
  local result = oci.refused("linux.seccomp", with({ MKDIR }, { profile = profile }))
  assert(result.err:find(wrong, 1, true), result.err)
end
oci.refused("linux.seccomp.listenerMetadata: there is no listenerPath", with({ MKDIR }, { profile = { listenerMetadata = "x" } }))
oci.refused("linux.seccomp.listenerPath: it is missing", with { { names = { "mkdir" }, action = "SCMP_ACT_NOTIFY" } })
-- Without SCMP_ACT_NOTIFY the path has no effect.
check.equal(oci.output("mkdir /x 2>&1; true", with({ MKDIR }, { profile = { listenerPath = "/tmp/nobody.sock" } })):match "No space",
  "No space")

-- The agent: it gets one message with the descriptor, and answers the calls.
local NOTIFY = { names = { "mkdir", "mkdirat" }, action = "SCMP_ACT_NOTIFY" }
for _, early in ipairs { true, false } do
  tiny.try(tiny.remove, "/tmp/agent.sock")
  local agent <close> = tiny.unix_listen "/tmp/agent.sock"
  local path = oci.bundle("mkdir /x 2>&1; echo $?; sleep 60", with({ NOTIFY },
    { noNewPrivileges = early, profile = { listenerPath = "/tmp/agent.sock", listenerMetadata = "for the agent" } }))
  local made = oci.succeeds { "create", "-b", path, "n" }
  local starting = oci.run({ "start", "n" }, { wait = false })
  local connection <close> = tiny.unix_accept(agent)
  local listener <close>, message = tiny.recv_fd(connection), "{" -- read with the descriptor
  -- One message for each connection, which ends with it.
  for part in function() return connection:read() end do message = message .. part end
  local told = tiny.json_decode(message)
  check.equal(told.fds[1], "seccompFd")
  check.equal(told.metadata, "for the agent")
  check.equal(told.ociVersion, "1.3.0")
  check.equal(told.pid, oci.state("n").pid)
  check.equal(told.state.id .. told.state.status, "ncreating")
  check.equal(told.state.pid, told.pid)
  check.equal(starting.wait().status, 0, starting.err)
  check.equal(#tiny.poll({ listener }, "20s"), 1, "a call waits")
  local call = tiny.seccomp_notify_receive(listener)
  tiny.seccomp_notify_respond(listener, call.id, { error = "ENOTEMPTY" })
  oci.eventually(function() return made.read():find "\n1\n" end, "the answer")
  assert(made.read():find "Directory not empty", made.read())
  oci.succeeds { "delete", "-f", "n" }
end
-- Nobody listens: the program does not start.
tiny.try(tiny.remove, "/tmp/agent.sock")
local function alone(early) return (oci.bundle("echo ran", with({ NOTIFY }, { noNewPrivileges = early,
  profile = { listenerPath = "/tmp/agent.sock" } }))) end
oci.fails("/tmp/agent.sock", { "create", "-b", alone(false), "n" })
oci.nothing()
oci.succeeds { "create", "-b", alone(true), "n" }
oci.fails("/tmp/agent.sock", { "start", "n" })
oci.eventually(function() return oci.state("n").status == "stopped" end, "stopped")
oci.succeeds { "delete", "-f", "n" }
oci.nothing()
