-- System calls that could affect the host are made for real: kernel keyrings, the kernel crypto API and new namespaces,
-- as root and as an unprivileged user. Numbers above 32 bits (CVE-2019-7303, CVE-2019-10063), x32 and 32-bit calls do
-- not bypass a rule.
local attack = require "attack"
local check = require "check"

if not os.execute("perl -e 1 2>/dev/null") then check.skip("needs perl for bare system calls") end
local arm = tiny.probe().kernel.machine == "aarch64"
local EPERM, ENOSYS = 1, 38
local HIGH, NEWUSER, SIGCHLD = 1 << 32, 0x10000000, 17

-- Name, number (on x86, on ARM), arguments for which the kernel itself returns a different error.
local CALLS = {
  { "socket AF_ALG", 41, 198, 38, 5, 0 }, { "socket AF_ALG above 32 bits", 41, 198, HIGH | 38, 5, 0 },
  { "socket AF_VSOCK", 41, 198, 40, 1, 0 }, { "socket AF_VSOCK above 32 bits", 41, 198, HIGH | 40, 1, 0 },
  { "socketpair AF_ALG", 53, 199, 38, 5, 0, 0 },
  { "clone NEWUSER", 56, 220, NEWUSER | SIGCHLD, 0, 0, 0, 0 }, { "clone NEWUSER above 32 bits", 56, 220, HIGH | NEWUSER | SIGCHLD, 0, 0, 0, 0 },
  { "clone3", 435, 435, 0, 0 }, { "unshare NEWUSER", 272, 97, NEWUSER }, { "unshare nothing", 272, 97, 0 }, { "setns", 308, 268, -1, 0 },
  { "keyctl", 250, 219, 0, -3, 1 }, { "add_key", 248, 217, "'user'", "'k'", "'v'", 1, -3 }, { "request_key", 249, 218, "'user'", "'k'", 0, -3 },
  { "personality", 135, 92, 0x40000 }, { "personality above 32 bits", 135, 92, HIGH | 0x40000 },
  { "lsm_get_self_attr", 459, 459, 100, 0, 0, 0 }, { "lsm_set_self_attr", 460, 460, 100, 0, 0, 0 }, { "lsm_list_modules", 461, 461, 0, 0, 0 },
  { "io_uring_setup", 425, 425, 1, 0 }, { "io_uring_enter", 426, 426, -1, 0, 0, 0, 0, 0 }, { "io_uring_register", 427, 427, -1, 0, 0, 0 },
  { "userfaultfd", 323, 282, 1 }, { "bpf", 321, 280, 0, 0, 0 }, { "perf_event_open", 298, 241, 0, 0, -1, -1, 0 },
  { "fsopen", 430, 430, "''", 0 }, { "fspick", 433, 433, -1, "''", 0 }, { "fsconfig", 431, 431, -1, 0, 0, 0, 0 }, { "fsmount", 432, 432, -1, 0, 0 },
  { "open_tree", 428, 428, -1, "'x'", 0 }, { "move_mount", 429, 429, -1, "'x'", -1, "'x'", 0 }, { "mount_setattr", 442, 442, -1, "'x'", 0, 0, 0 },
  { "open_tree_attr", 467, 467, -1, "'x'", 0, 0, 0 },
  { "mount", 165, 40, "'none'", "'/mnt'", "'tmpfs'", 0, 0 }, { "umount2", 166, 39, "'/proc'", 0 }, { "pivot_root", 155, 41, "'/'", "'/'" },
  { "kcmp", 312, 272, 1, 1, 0, 0, 0 }, { "pidfd_getfd", 438, 438, -1, 0, 0 }, { "open_by_handle_at", 304, 265, -1, 0, 0 },
  { "process_madvise", 440, 440, -1, 0, 0, 0, 0 },
  { "init_module", 175, 105, 0, 0, 0 }, { "finit_module", 313, 273, -1, 0, 0 }, { "delete_module", 176, 106, 0, 0 },
  { "kexec_load", 246, 104, 0, 0, 0, 0 }, { "kexec_file_load", 320, 294, -1, -1, 0, 0, 0 }, { "reboot", 169, 142, 0, 0, 0, 0 },
  { "swapon", 167, 224, "'x'", 0 }, { "swapoff", 168, 225, "'x'" }, { "acct", 163, 89, "'x'" }, { "quotactl", 179, 60, 0, 0, 0, 0 },
  { "syslog", 103, 116, 100, 0, 0 }, { "fanotify_init", 300, 262, 0, 0 }, { "move_pages", 279, 239, 0, 0, 0, 0, 0, 0 },
  { "set_mempolicy", 238, 237, 0, 0, 0 }, { "sethostname", 170, 161, 0, -1 }, { "x32 getpid", 0x40000000 + 39, 0x40000000 + 172 },
}
if arm then table.remove(CALLS) end

-- The errno of each call, 0 if it succeeds; a resulting child ends at once.
local script = { "$| = 1; my $me = $$; sub t { my ($n, @a) = @_; $_ =~ /^-?\\d+$/ and $_ += 0 for @a; my $r = syscall($n, @a); my $e = $r == -1 ? $! + 0 : 0;",
  "if (syscall(" .. (arm and 172 or 39) .. ") != $me) { exec '/bin/true' } print qq($e\\n) }" }
for _, call in ipairs(CALLS) do
  table.insert(script, ("t(%s);"):format(table.concat({ call[arm and 3 or 2], table.unpack(call, 4) }, ",")))
end
script = table.concat(script, " ")

local function outcomes(...)
  local found, i = {}, 0
  for errno in check.succeeds(...):gmatch("%d+") do
    i = i + 1
    found[CALLS[i][1]] = tonumber(errno)
  end
  check.equal(i, #CALLS, "calls that were made")
  return found
end

local function denied(...)
  for name, errno in pairs(outcomes(...)) do
    if errno ~= EPERM and errno ~= ENOSYS then error(("%s: %s"):format(name, errno == 0 and "it was made" or "the kernel was asked, errno " .. errno)) end
  end
end
-- Without the filter, the kernel returns a different error: the calls are real.
local free = outcomes("run", "--rm", "--security-opt", "seccomp=unconfined", "perl", "-e", script)
for _, name in ipairs {
  "socket AF_ALG", "socket AF_VSOCK above 32 bits", "clone NEWUSER", "clone NEWUSER above 32 bits", "unshare NEWUSER", "setns", "personality above 32 bits",
} do
  assert(free[name] ~= EPERM and free[name] ~= ENOSYS, name .. " is no test here: errno " .. free[name])
end
denied("run", "--rm", "perl", "-e", script)
denied("run", "--rm", "-u", "nobody", "perl", "-e", script)
check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
denied("exec", "c", "perl", "-e", script)
check.succeeds("rm", "-f", "c")

-- 32-bit calls, which have other numbers: a program that calls getpid with int 0x80 and exits with its errno. Only one
-- segment is loaded: the header followed by the code.
if not arm then
  local CODE = "\xb8\x14\0\0\0\xcd\x80\x31\xff\x85\xc0\x79\x04\xf7\xd8\x89\xc7\xb8\x3c\0\0\0\x0f\x05"
  local header = string.pack("<c16I2I2I4I8I8I8I4I2I2I2I2I2I2", "\x7fELF\2\1\1", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
  local segment = string.pack("<I4I4I8I8I8I8I8I8", 1, 5, 0, 0x400000, 0x400000, 120 + #CODE, 120 + #CODE, 4096)
  tiny.mkdir("/tmp/vol")
  tiny.write_file("/tmp/vol/int80", header .. segment .. CODE, { mode = tonumber("755", 8) })
  local function status(...) return check.run({ "run", "--rm", "-v", "/tmp/vol:/vol", ... }).status end
  -- A kernel may have no 32-bit calls at all; User-Mode Linux treats int 0x80 as a 64-bit call.
  local none = attack.slow or status("--security-opt", "seccomp=unconfined", "/vol/int80") ~= 0
  if not none then check.equal(status("/vol/int80"), EPERM, "a 32-bit call") end
end
check.no_container()
