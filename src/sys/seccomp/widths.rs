//! The width of each argument: of an int the kernel uses the low 32 bits of the register, of a umode_t 16. The caller
//! chooses the other bits, and a rule that compares them can be bypassed (CVE-2019-7303, CVE-2019-10063). The types are
//! those of SYSCALL_DEFINE in kernel 6.18, as shown by tracefs (events/syscalls/sys_enter_*/format);
//! tests/lua/security/seccomp_width.lua compares them.

use super::calls::Arch;

/// The calls with narrow arguments, by position: `i` for 32 bits, `h` for 16, `-` for the whole register. clone(2)
/// declares a long and uses its lower half.
const NARROW: &[(&str, &str)] = &[
    ("-----i", "mbind preadv2 pwritev2"),
    ("----i", "add_key lsetxattr setxattr"),
    ("---i", "listmount pkey_mprotect request_key statmount"),
    ("---i-i", "futex_wait"),
    ("--i", "getrandom ioperm landlock_create_ruleset lsm_list_modules madvise map_shadow_stack mlock2 msync readlink"),
    ("--ii", "futex_wake"),
    ("-h", "chmod creat mkdir"),
    ("-hi", "mknod"),
    ("-i", "access delete_module fsopen memfd_create pipe2 ppoll setdomainname sethostname swapon symlinkat umount2"),
    ("-ih", "mq_open open"),
    ("-ii", "chown lchown poll"),
    ("-ii--i", "futex"),
    ("-ii-i", "futex_waitv"),
    ("-iii", "futex_requeue perf_event_open rseq"),
    (
        "i",
        "accept alarm arch_prctl clock_adjtime clock_getres clock_gettime clock_settime clone close dup \
         epoll_create epoll_create1 eventfd exit exit_group fchdir fdatasync fgetxattr flistxattr fremovexattr \
         fstat fstatfs fsync ftruncate futimesat get_robust_list getgroups getitimer getpeername getpgid getrlimit \
         getrusage getsid getsockname inotify_init1 io_setup io_uring_setup iopl keyctl memfd_secret migrate_pages \
         mlockall modify_ldt mq_getsetattr mq_notify mq_timedreceive openat2 personality pkey_free prctl pread64 \
         process_vm_readv process_vm_writev pselect6 pwrite64 read readahead rt_sigaction rt_sigprocmask \
         sched_get_priority_max sched_get_priority_min sched_getparam sched_getscheduler sched_rr_get_interval \
         sched_setparam select set_mempolicy setfsgid setfsuid setgid setgroups setitimer setrlimit setuid signalfd \
         syncfs sysfs timer_create timer_delete timer_getoverrun timer_gettime timerfd_gettime umask userfaultfd \
         ustat write",
    ),
    ("i----i", "move_pages"),
    ("i---i", "execveat file_getattr file_setattr fsetxattr msgrcv name_to_handle_at"),
    (
        "i--i",
        "accept4 cachestat fadvise64 fstatat lsm_get_self_attr mq_timedsend msgsnd newfstatat readlinkat recvfrom \
         signalfd4 sync_file_range utimensat vmsplice",
    ),
    ("i--i-i", "sendto"),
    ("i--ii", "process_madvise"),
    ("i-h", "fchmodat mkdirat"),
    ("i-hi", "fchmodat2 mknodat"),
    (
        "i-i",
        "bind bpf connect epoll_pwait2 faccessat finit_module fspick getdents getdents64 getxattrat \
         inotify_add_watch listxattrat lseek mount_setattr open_by_handle_at open_tree open_tree_attr quotactl \
         recvmsg removexattrat renameat sched_setattr semop semtimedop sendmsg setxattrat shmat shmget syslog \
         unlinkat wait4",
    ),
    ("i-i--i", "copy_file_range splice"),
    ("i-i-i", "linkat move_mount renameat2"),
    ("i-ih", "openat"),
    ("i-ii", "epoll_pwait epoll_wait faccessat2 lsm_set_self_attr recvmmsg sched_getattr sendmmsg statx"),
    ("i-iii", "fchownat"),
    ("ih", "fchmod"),
    (
        "ii",
        "clock_nanosleep dup2 eventfd2 fallocate fanotify_init fcntl flock getpriority inotify_rm_watch ioctl \
         ioprio_get kexec_file_load kill landlock_restrict_self listen msgctl msgget pidfd_open prlimit64 \
         process_mrelease rt_sigqueueinfo sched_getaffinity sched_setaffinity sched_setscheduler seccomp sendfile \
         setns setpgid setregid setreuid shmctl shutdown timer_settime timerfd_create timerfd_settime tkill",
    ),
    ("ii--i", "fsconfig"),
    ("ii-i", "fanotify_mark io_uring_register landlock_add_rule pidfd_send_signal tee waitid"),
    (
        "iii",
        "close_range dup3 epoll_ctl fchown fsmount getsockopt ioprio_set kcmp membarrier pidfd_getfd quotactl_fd \
         reboot rt_tgsigqueueinfo semctl semget setpriority setresgid setresuid socket socketpair tgkill",
    ),
    ("iii-i", "setsockopt"),
    ("iiii", "io_uring_enter"),
];

/// How many bits of an argument, counted from 0, the kernel uses. 32-bit calls have at most 32.
pub fn of(arch: Arch, call: &str, index: u32) -> u32 {
    let places = NARROW.iter().find(|(_, calls)| calls.split(' ').any(|name| name == call));
    match places.and_then(|(places, _)| places.as_bytes().get(index as usize)) {
        Some(b'h') => 16,
        Some(b'i') => 32,
        _ if arch.is_sub() => 32,
        _ => 64,
    }
}

/// A value limited to this many bits; `None` if it does not fit. A negative one is sign-extended.
pub fn fit(value: u64, bits: u32) -> Option<u64> {
    let unused = 64 - bits;
    let low = value << unused >> unused;
    let negative = (value.cast_signed() << unused >> unused).cast_unsigned();
    (value == low || value == negative).then_some(low)
}

#[cfg(test)]
mod tests {
    use super::super::calls::NATIVE;
    use super::*;

    #[test]
    fn widths() {
        assert_eq!(of(NATIVE, "socket", 0), 32);
        assert_eq!(of(NATIVE, "fchmod", 1), 16);
        assert_eq!(of(NATIVE, "read", 2), 64);
        assert_eq!(of(NATIVE, "no_such_call", 0), 64);
    }

    #[test]
    fn fitting() {
        assert_eq!(fit(40, 32), Some(40));
        assert_eq!(fit(u64::MAX, 32), Some(0xffff_ffff));
        assert_eq!(fit(1 << 32 | 40, 32), None);
        assert_eq!(fit(0xffff_ffff, 16), None);
        assert_eq!(fit(u64::MAX, 64), Some(u64::MAX));
    }
}
