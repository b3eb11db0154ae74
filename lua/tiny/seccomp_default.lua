-- The default seccomp profile, in the format of Docker's JSON. It allows what Docker's default allows, without 32-bit calls.
-- Rules that depend on a capability apply if the container has it. Compared in November 2026 with seccomp/default.json of
-- moby/profiles at commit 02e898b137ae; the difference is that socketpair has socket's restrictions on address families.
local function calls(words, more)
  local rule = { names = {}, action = "SCMP_ACT_ALLOW" }
  for name in words:gmatch("%S+") do table.insert(rule.names, name) end
  for key, value in pairs(more or {}) do rule[key] = value end
  return rule
end

local function with(caps, words)
  return calls(words, { includes = { caps = { caps } } })
end

local function when(words, index, op, value, more)
  local rule = calls(words, { args = { { index = index, op = "SCMP_CMP_" .. op, value = value } } })
  for key, item in pairs(more or {}) do rule[key] = item end
  return rule
end

-- The flags of clone(2) that create namespaces, except the time namespace.
local NEW_NAMESPACES = 0x7e020000
-- Address families from AF_UNIX to AF_ROSE, and some later ones by number. Left out: AF_ALG (38), the kernel's crypto API,
-- through which an unprivileged user could become root (CVE-2026-31431); AF_VSOCK (40), a virtual machine's sockets to its
-- host, which no network namespace confines; and families that kernels have removed (12, 19, 20, 23, 25, 34, 37).
local AF_FIRST_LEFT_OUT = 12
local FAMILIES = { 13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44, 45 }
local EPERM, ENOSYS = 1, 38
local NO_ADMIN = { caps = { "CAP_SYS_ADMIN" } }

local profile = {
  defaultAction = "SCMP_ACT_ERRNO",
  defaultErrnoRet = EPERM,
  syscalls = {
    -- Files.
    calls [[ access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate
      fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr
      fstat fstatfs fsync ftruncate futimesat getcwd getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init
      inotify_init1 inotify_rm_watch ioctl lchown lgetxattr link linkat listmount listxattr listxattrat llistxattr lremovexattr lseek
      lsetxattr lstat mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev
      pwritev2 read readahead readlink readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir sendfile setxattr
      setxattrat splice stat statfs statmount statx symlink symlinkat sync sync_file_range syncfs tee truncate umask unlink unlinkat
      utime utimensat utimes vmsplice write writev ]],
    -- Waiting for file descriptors.
    calls [[ epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2
      io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit pause pipe pipe2 poll ppoll pselect6 select signalfd
      signalfd4 timerfd_create timerfd_gettime timerfd_settime ]],
    -- Memory.
    calls [[ brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mprotect
      mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages ]],
    -- Processes and threads.
    calls [[ arch_prctl capget capset execve execveat exit exit_group fork futex futex_requeue futex_wait futex_waitv futex_wake
      get_robust_list get_thread_area getcpu getegid geteuid getgid getgroups getpgid getpgrp getpid getppid getpriority getresgid
      getresuid getrlimit getrusage getsid gettid getuid ioprio_get ioprio_set kill modify_ldt pidfd_open pidfd_send_signal prctl
      prlimit64 process_vm_readv process_vm_writev ptrace restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask
      rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
      sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr
      sched_setparam sched_setscheduler sched_yield set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid
      setgroups setitimer setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid setuid sigaltstack tgkill
      tkill uretprobe vfork wait4 waitid ]],
    -- Sockets and other IPC.
    calls [[ accept accept4 bind connect getpeername getsockname getsockopt listen mq_getsetattr mq_notify mq_open mq_timedreceive
      mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd recvfrom recvmmsg recvmsg semctl semget semop semtimedop sendmmsg sendmsg
      sendto setsockopt shmat shmctl shmdt shmget shutdown ]],
    -- Time and system information.
    calls [[ adjtimex alarm clock_adjtime clock_getres clock_gettime clock_nanosleep getitimer getrandom gettimeofday nanosleep
      sysinfo time timer_create timer_delete timer_getoverrun timer_gettime timer_settime times uname ]],
    -- Further confinement.
    calls "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp",
    when("socket socketpair", 0, "LT", AF_FIRST_LEFT_OUT),
    -- PER_LINUX and PER_LINUX32, each with and without UNAME26, and the query of the current one.
    when("personality", 0, "EQ", 0x0),
    when("personality", 0, "EQ", 0x8),
    when("personality", 0, "EQ", 0x20000),
    when("personality", 0, "EQ", 0x20008),
    when("personality", 0, "EQ", 0xffffffff),
    -- New namespaces need CAP_SYS_ADMIN. A filter cannot read the flags of clone3, which are in memory; since clone3 returns
    -- ENOSYS, the C library falls back to clone.
    when("clone", 0, "MASKED_EQ", NEW_NAMESPACES, { excludes = NO_ADMIN }),
    calls("clone3", { action = "SCMP_ACT_ERRNO", errnoRet = ENOSYS, excludes = NO_ADMIN }),
    with("CAP_SYS_ADMIN", [[ bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
      lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd
      setdomainname sethostname setns syslog umount2 unshare ]]),
    with("CAP_BPF", "bpf"),
    with("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
    with("CAP_PERFMON", "perf_event_open"),
    with("CAP_SYS_BOOT", "reboot"),
    with("CAP_SYS_CHROOT", "chroot"),
    with("CAP_SYS_MODULE", "delete_module finit_module init_module"),
    with("CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    with("CAP_SYS_PACCT", "acct"),
    with("CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise"),
    with("CAP_SYS_RAWIO", "ioperm iopl"),
    with("CAP_SYS_TIME", "clock_settime settimeofday"),
    with("CAP_SYS_TTY_CONFIG", "vhangup"),
    with("CAP_SYSLOG", "syslog"),
  },
}
for _, family in ipairs(FAMILIES) do table.insert(profile.syscalls, when("socket socketpair", 0, "EQ", family)) end
return profile
