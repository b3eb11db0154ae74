-- The complete default profile: its filter is evaluated here, as in the kernel, for every number, and must allow
-- exactly what Docker's profile allows (moby/profiles, November 2026). attacks/system_calls makes real calls.
local check = require "check"

if tiny.probe().kernel.machine ~= "x86_64" then check.skip("the numbers are those of x86-64") end
local ALLOW, EPERM, ENOSYS, X86_64, I386 = 0x7fff0000, 0x50001, 0x50026, 0xc000003e, 0x40000003

-- The return value of a filter for a call (classic BPF, the instructions that seccomp_compile uses).
local function run(filter, arch, number, ...)
  local data, at, a = string.pack("<I4I4I8", number, arch, 0), 1, 0
  for i = 1, 6 do data = data .. string.pack("<i8", (select(i, ...)) or 0) end
  while true do
    local code, yes, no, k = string.unpack("<I2BBI4", filter, at)
    at = at + 8
    if code == 0x20 then a = string.unpack("<I4", data, k + 1)
    elseif code == 0x54 then a = a & k
    elseif code == 0x05 then at = at + 8 * k
    elseif code == 0x06 then return k
    else
      local holds
      if code == 0x15 then holds = a == k elseif code == 0x25 then holds = a > k else holds = a >= k end
      at = at + 8 * (holds and yes or no)
    end
  end
end

local function numbers(words)
  local found = {}
  for name in words:gmatch("%S+") do
    local one = tiny.seccomp_compile { defaultAction = "SCMP_ACT_ALLOW", syscalls = { { names = { name }, action = "SCMP_ACT_ERRNO" } } }
    for number = 0, 600 do
      if run(one, X86_64, number) == EPERM then found[number] = name break end
    end
  end
  return found
end

-- All calls that no container may make, and those that need a capability that is not in the default set.
local NOBODY = [[ _sysctl add_key afs_syscall clone3 create_module file_getattr file_setattr get_kernel_syms getpmsg io_uring_enter
  io_uring_register io_uring_setup kexec_file_load kexec_load keyctl migrate_pages move_pages nfsservctl open_tree_attr pivot_root
  putpmsg query_module request_key security swapoff swapon sysfs tuxcall uselib userfaultfd ustat vserver ]]
local CAPABLE = {
  CAP_SYS_ADMIN = [[ bpf clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
    lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns
    syslog umount2 unshare ]],
  CAP_BPF = "bpf", CAP_DAC_READ_SEARCH = "open_by_handle_at", CAP_PERFMON = "perf_event_open", CAP_SYS_BOOT = "reboot",
  CAP_SYS_CHROOT = "chroot", CAP_SYS_MODULE = "delete_module finit_module init_module", CAP_SYS_PACCT = "acct", CAP_SYSLOG = "syslog",
  CAP_SYS_NICE = "get_mempolicy mbind set_mempolicy set_mempolicy_home_node", CAP_SYS_PTRACE = "kcmp pidfd_getfd process_madvise",
  CAP_SYS_RAWIO = "ioperm iopl", CAP_SYS_TIME = "clock_settime settimeofday", CAP_SYS_TTY_CONFIG = "vhangup",
}
local profile = require "tiny.seccomp_default"
local function filter(...) return tiny.seccomp_compile(profile, { caps = { ... } }) end
local none = filter()

-- Without capabilities: all other existing calls, whose number is known.
local denied = numbers(NOBODY)
for _, words in pairs(CAPABLE) do
  for number, name in pairs(numbers(words)) do denied[number] = name end
end
local allowed = 0
for number = 0, 600 do
  local verdict = run(none, X86_64, number)
  if verdict == ALLOW then allowed = allowed + 1 end
  if denied[number] and verdict ~= EPERM and verdict ~= ENOSYS then error(denied[number] .. " passes") end
  check.equal(run(none, X86_64, number + 0x40000000), EPERM, "an x32 call")
  check.equal(run(none, I386, number), EPERM, "a 32-bit call")
end
check.equal(allowed, 308, "calls that pass")
-- With one capability: the calls that it adds, and no more.
for cap, words in pairs(CAPABLE) do
  local with, brought = filter(cap), numbers(words)
  for number = 0, 600 do
    local verdict, bare = run(with, X86_64, number), run(none, X86_64, number)
    check.equal(verdict == ALLOW, brought[number] ~= nil or bare == ALLOW, ("%s: %s"):format(cap, brought[number] or number))
  end
end
-- With all of them, some calls belong to none.
local all, caps = numbers(NOBODY), {}
for cap in pairs(CAPABLE) do table.insert(caps, cap) end
local whole = filter(table.unpack(caps))
for number, name in pairs(all) do
  if name ~= "clone3" and run(whole, X86_64, number) == ALLOW then error(name .. " passes") end
end

-- By their arguments, whatever is above the low 32 bits of an int.
local SOCKET, SOCKETPAIR, PERSONALITY, CLONE = 41, 53, 135, 56
local LEFT_OUT = { [12] = true, [19] = true, [20] = true, [23] = true, [25] = true, [34] = true, [37] = true, [38] = true, [40] = true }
for family = 0, 60 do
  for _, call in ipairs { SOCKET, SOCKETPAIR } do
    local want = (LEFT_OUT[family] or family > 45) and EPERM or ALLOW
    check.equal(run(none, X86_64, call, family), want, "family " .. family)
    check.equal(run(none, X86_64, call, family | 1 << 32), want, "family above 32 bits " .. family)
  end
end
check.equal(run(none, X86_64, SOCKET, -1), EPERM)
for value, want in pairs { [0] = ALLOW, [8] = ALLOW, [0x20000] = ALLOW, [0x20008] = ALLOW, [0xffffffff] = ALLOW, [-1] = ALLOW, [0x40000] = EPERM, [0x400000] = EPERM } do
  check.equal(run(none, X86_64, PERSONALITY, value), want, "personality " .. value)
  check.equal(run(none, X86_64, PERSONALITY, value & 0xffffffff | 1 << 40), want, "personality above 32 bits " .. value)
end
for bit = 0, 40 do
  local namespace = 0x7e020000 >> bit & 1 == 1 and bit < 32
  check.equal(run(none, X86_64, CLONE, 1 << bit | 17), namespace and EPERM or ALLOW, "clone, bit " .. bit)
end
check.equal(run(filter "CAP_SYS_ADMIN", X86_64, CLONE, 0x10000000), ALLOW)
