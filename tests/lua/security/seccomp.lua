-- seccomp: calls are allowed, denied and distinguished by their arguments according to the profile.
local check = require "check"

if not os.execute("perl -e 1 2>/dev/null") then check.skip("needs perl for bare system calls") end
local arm = tiny.probe().kernel.machine == "aarch64"
local GETPID = arm and 172 or 39

-- The result of a call of this number for a program under the profile: 0, or its errno; -1 if a signal ended it.
local function result(profile, number, ...)
  local from, into = tiny.pipe()
  local arguments = table.concat({ number, ... }, ",")
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.no_new_privs()
    tiny.seccomp(profile)
    tiny.exec { "perl", "-e", ("my $r = syscall(%s); print $r == -1 ? $!+0 : 0"):format(arguments) }
  end)
  into:close()
  local text = from:read()
  local _, signal = child:wait()
  return text and tonumber(text) or -1, signal
end

local function errno(number, args)
  return { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "getpid" }, action = "SCMP_ACT_ERRNO", errnoRet = number, args = args } } }
end
check.equal(result(errno(77), GETPID), 77)
check.equal(result(errno(), GETPID), 1, "EPERM where no number is given")
check.equal(result({ defaultAction = "SCMP_ACT_ALLOW" }, GETPID), 0)

-- Each operator, at the boundaries of the 32 bits that BPF compares at once.
local BIG = "0x100000005"
local function compared(op, value, two, argument)
  return result(errno(77, { { index = 1, value = value, valueTwo = two, op = "SCMP_CMP_" .. op } }), GETPID, 0, argument) == 77
end
local big = 0x100000005
for _, case in ipairs {
  { "EQ", big, nil, BIG, true }, { "EQ", big, nil, "5", false }, { "EQ", 5, nil, BIG, false },
  { "NE", big, nil, BIG, false }, { "NE", big, nil, "5", true }, { "NE", big, nil, "0x100000004", true },
  { "GT", big, nil, BIG, false }, { "GT", big, nil, "0x100000006", true }, { "GT", big, nil, "0xffffffff", false }, { "GT", 6, nil, BIG, true },
  { "GE", big, nil, BIG, true }, { "GE", big, nil, "0x100000004", false }, { "GE", big, nil, "0x200000000", true },
  { "LT", big, nil, BIG, false }, { "LT", big, nil, "0x100000004", true }, { "LT", big, nil, "0x200000000", false }, { "LT", big, nil, "9", true },
  { "LE", big, nil, BIG, true }, { "LE", big, nil, "0x100000006", false }, { "LE", big, nil, "9", true },
  { "MASKED_EQ", 0x7e020000, 0, "0x11", true }, { "MASKED_EQ", 0x7e020000, 0, "0x10000000", false },
  { "MASKED_EQ", 0xff00000000, 0x100000000, BIG, true }, { "MASKED_EQ", 0xff00000000, 0x200000000, BIG, false },
  { "EQ", -1, nil, "-1", true }, { "LT", -1, nil, "-1", false },
} do
  check.equal(compared(case[1], case[2], case[3], case[4]), case[5], ("%s %s against %s"):format(case[4], case[1], tostring(case[2])))
end
-- All conditions of a rule must hold; two conditions on one argument are two rules.
local function pair(first, second)
  return errno(77, { { index = first, value = 1, op = "SCMP_CMP_EQ" }, { index = second, value = 2, op = "SCMP_CMP_EQ" } })
end
check.equal(result(pair(0, 1), GETPID, 1, 2), 77)
check.equal(result(pair(0, 1), GETPID, 1, 3), 0)
check.equal(result(pair(0, 0), GETPID, 2), 77)
check.equal(result(pair(0, 0), GETPID, 3), 0)

-- Several actions in one filter; the first matching rule applies, one without conditions before all others.
local several = { defaultAction = "SCMP_ACT_ALLOW", syscalls = {
  { names = { "getpid" }, action = "SCMP_ACT_ERRNO", errnoRet = 11, args = { { index = 0, value = 1, op = "SCMP_CMP_EQ" } } },
  { names = { "getpid" }, action = "SCMP_ACT_ERRNO", errnoRet = 12, args = { { index = 0, value = 1, op = "SCMP_CMP_GE" } } },
  { names = { "sched_yield" }, action = "SCMP_ACT_KILL_PROCESS" },
} }
check.equal(result(several, GETPID, 1), 11)
check.equal(result(several, GETPID, 2), 12)
check.equal(result(several, GETPID, 0), 0)
local status, signal = result(several, arm and 124 or 24)
check.equal(status, -1)
check.equal(signal, "SIGSYS")

-- A list of allowed calls: the others fail, and a call newer than the list fails with ENOSYS.
local everything = {}
for _, name in ipairs { "read", "write", "open", "openat", "close", "mmap", "mprotect", "munmap", "brk", "execve", "exit_group", "exit",
  "rt_sigaction", "rt_sigprocmask", "ioctl", "pread64", "fstat", "newfstatat", "stat", "lseek", "access", "faccessat", "arch_prctl",
  "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom", "futex", "fcntl", "getuid", "geteuid", "getgid", "getegid",
  "readlink", "readlinkat", "statx", "uname", "getcwd", "sysinfo", "getppid", "close_range", "no_such_call_at_all" } do
  table.insert(everything, name)
end
local allowed = { defaultAction = "SCMP_ACT_ERRNO", defaultErrnoRet = 13, syscalls = { { names = everything, action = "SCMP_ACT_ALLOW" } } }
check.equal(result(allowed, GETPID), 13)
local GETUID = arm and 174 or 102
check.equal(result(allowed, GETUID), 0)
check.equal(result(allowed, 99999), 38, "ENOSYS")
-- x32 and 32-bit calls do not bypass it.
if not arm then
  check.equal(result(allowed, 0x40000000 + GETUID), 13, "x32")
  check.equal(result({ defaultAction = "SCMP_ACT_ALLOW" }, 0x40000000 + GETUID), 38, "x32, and nothing is forbidden")
end

-- Loaded from bytes, for this process and its descendants; a filter cannot be removed.
local bytes = tiny.seccomp_compile(errno(55))
check.equal(result(bytes, GETPID), 55)
check.inside({}, function()
  tiny.no_new_privs()
  tiny.seccomp(tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "mkdir", "mkdirat" }, action = "SCMP_ACT_ERRNO", errnoRet = 28 } } })
  check.fails("ENOSPC", tiny.mkdir, "/tmp/new")
  tiny.seccomp { defaultAction = "SCMP_ACT_ALLOW" }
  check.fails("ENOSPC", tiny.mkdir, "/tmp/new")
  check.equal(tiny.read_file("/proc/self/status"):match("Seccomp:%s*(%d)"), "2")
end)
check.equal(tiny.stat("/tmp/new"), nil)

-- The actions that end a thread, or leave a call to others.
local function acts(action, number)
  return result({ defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "getpid" }, action = "SCMP_ACT_" .. action, errnoRet = number } } }, GETPID)
end
for _, action in ipairs { "KILL", "KILL_THREAD", "KILL_PROCESS", "TRAP" } do
  local answer, by = acts(action)
  check.equal(answer, -1, action)
  check.equal(by, "SIGSYS", action)
end
check.equal(acts "LOG", 0)
check.equal(acts("TRACE", 7), 38, "ENOSYS without a tracer")

-- The flags reach the kernel: a first filter refuses a second one that has them.
local function flagged(flag, value, profile, options)
  check.inside({}, function()
    tiny.no_new_privs()
    tiny.seccomp { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "seccomp" }, action = "SCMP_ACT_ERRNO", errnoRet = 77,
      args = { { index = 1, value = value, valueTwo = value, op = "SCMP_CMP_MASKED_EQ" } } } } }
    tiny.seccomp { defaultAction = "SCMP_ACT_ALLOW" }
    check.fails("EBADFD", tiny.seccomp, profile, options)
  end)
  -- And without the first one, they are taken.
  check.inside({}, function()
    tiny.no_new_privs()
    tiny.seccomp(profile, options)
    check.equal(tiny.read_file("/proc/self/status"):match("Seccomp:%s*(%d)"), "2", flag)
  end)
end
local empty = tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW" }
local answered = { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { "sched_yield" }, action = "SCMP_ACT_NOTIFY" } } }
for flag, value in pairs { SECCOMP_FILTER_FLAG_TSYNC = 1, SECCOMP_FILTER_FLAG_LOG = 2, SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4 } do
  flagged(flag, value, { defaultAction = "SCMP_ACT_ALLOW", flags = { flag } })
  flagged(flag, value, empty, { flags = { flag } })
  flagged(flag, value, answered, { flags = { flag } })
end
for _, flag in ipairs(tiny.seccomp_names().supported_flags) do
  if flag == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" then flagged(flag, 32, answered, { flags = { flag } }) end
end
check.refuses("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs a rule with SCMP_ACT_NOTIFY", tiny.seccomp, empty,
  { flags = { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" } })
check.refuses('option "flags": [1]: there is no flag "LOG"', tiny.seccomp, empty, { flags = { "LOG" } })

check.inside({}, function()
  tiny.setuser(1234)
  local err = check.fails("EACCES", tiny.seccomp, { defaultAction = "SCMP_ACT_ALLOW" })
  check.equal(err.hint, "call tiny.no_new_privs() first, or run with CAP_SYS_ADMIN")
end)
check.fails("EINVAL", tiny.seccomp, ("\xff"):rep(8))
check.refuses("filter: the filter is empty", tiny.seccomp, "")
check.refuses("filter: 9 bytes are not a filter: an instruction has 8 bytes, and a filter at most 32768", tiny.seccomp, ("x"):rep(9))
check.refuses("filter: expected table or string, got 1", tiny.seccomp, 1)
