//! What a process inherits from its caller through fork(2) and execve(2), and would pass on: signal dispositions, umask,
//! scheduling, CPU affinity, personality, keyring, OOM score, resource limits and descriptors. `reset` replaces it by the
//! state that a service has. What is already right costs only the question.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use rustix::fs::{Mode, OFlags};

use super::credentials::{BY_NAME, RESOURCES};
use super::scheduling::Attributes;
use super::{Context, Error, Result};

/// A resource limit: its name, the soft and the hard limit.
pub type Limit = (String, u64, u64);

/// The bit of a signal in a mask of /proc/PID/status.
const fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// The signals that may be ignored; before `reset` every signal may be, by the caller.
static IGNORED: AtomicU64 = AtomicU64::new(u64::MAX);

/// The signals that this process may ignore, and an executed program would: handlers end with execve(2) by themselves.
pub(super) fn ignored() -> impl Iterator<Item = i32> {
    signals(IGNORED.load(Ordering::Relaxed))
}

fn signals(mask: u64) -> impl Iterator<Item = i32> {
    (1..=64).filter(move |signal| mask & bit(*signal) != 0)
}

/// The kernel's structure of sigaction(2), at most this large. It is only cleared, kept and given back.
pub(super) type Action = [usize; 4];

/// Sets a signal's action and returns the previous one; zeros are the default. The C library refuses this for the two
/// signals that it reserves (32 and 33), which a caller may nevertheless ignore. `None` for SIGKILL and SIGSTOP.
pub(super) fn set_action(signal: i32, action: &Action) -> Option<Action> {
    let mut before = Action::default();
    const MASK_SIZE: usize = 8;
    // SAFETY: both structures live through the call; the new action is the default, or came from the kernel.
    let set = unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, action.as_ptr(), before.as_mut_ptr(), MASK_SIZE) };
    (set == 0).then_some(before)
}

/// The descriptors below 256 that were open at the start, above standard error, by their bits.
static FROM_CALLER: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

/// Asks which descriptors are open at the start: below 256 with one call, which fails beyond the limit of open files.
/// Returns whether the three standard ones are.
pub(super) fn note_descriptors() -> bool {
    let mut asked: [libc::pollfd; 256] =
        std::array::from_fn(|fd| libc::pollfd { fd: fd as RawFd, events: 0, revents: 0 });
    for count in [256, 64, 16, 3] {
        // SAFETY: `count` structures, which live through the call; an invalid descriptor is reported in them, not as an
        // error.
        if unsafe { libc::poll(asked.as_mut_ptr(), count, 0) } < 0 {
            continue;
        }
        let open = |fd: &&libc::pollfd| fd.revents & libc::POLLNVAL == 0;
        for found in asked[3..count as usize].iter().filter(open) {
            FROM_CALLER[found.fd as usize / 64].fetch_or(1 << (found.fd % 64), Ordering::Relaxed);
        }
        return asked[..3].iter().filter(open).count() == 3;
    }
    false
}

/// The caller's descriptors above standard error that an executed program could inherit. Above 255, where they were not
/// asked for, those are taken for the caller's that are not close-on-exec.
pub fn inherited() -> Vec<RawFd> {
    let low = (3..256).filter(|fd| FROM_CALLER[*fd as usize / 64].load(Ordering::Relaxed) & (1 << (fd % 64)) != 0);
    let names =
        super::fs::list(super::path::Place { root: None, path: "/proc/self/fd".as_ref() }, true).unwrap_or_default();
    let high = names.iter().filter_map(|name| std::str::from_utf8(name).ok()?.parse::<RawFd>().ok());
    let passed_on = |fd: &RawFd| {
        // SAFETY: only asks; a number that is not open is an error of the call.
        let flags = unsafe { libc::fcntl(*fd, libc::F_GETFD) };
        flags >= 0 && flags & libc::FD_CLOEXEC == 0
    };
    let mut found: Vec<RawFd> = low.chain(high.filter(|fd| *fd >= 256)).filter(passed_on).collect();
    found.sort_unstable();
    found
}

/// Closes them.
pub fn close_inherited() {
    for fd in inherited() {
        // SAFETY: nothing of this process owns such a descriptor: everything it opens is close-on-exec.
        unsafe { libc::close(fd) };
    }
    FROM_CALLER.iter().for_each(|bits| bits.store(0, Ordering::Relaxed));
}

/// What the caller did to the signals would break this program itself: no end of a child is reported while SIGCHLD is
/// ignored, and a blocked signal is never delivered.
pub(super) fn accept_signals() {
    let none = nix::sys::signal::SigSet::empty();
    let _ = none.thread_set_mask();
    set_action(libc::SIGCHLD, &Action::default());
}

/// Resets the state of this process, which its children inherit. A user without the privilege for it keeps a lower
/// priority, a higher OOM score and lower hard limits. Errors: EDQUOT if the user has too many keyrings.
pub fn reset(umask: u32, limits: &[Limit]) -> Result<()> {
    reset_signals();
    // SAFETY: umask always succeeds.
    unsafe { libc::umask(umask as libc::mode_t) };
    reset_scheduling();
    // SAFETY: takes no pointers; 0 is PER_LINUX without flags.
    unsafe { libc::personality(0) };
    for limit in limits {
        set_limit(limit)?;
    }
    reset_oom_score();
    join_new_keyring()
}

/// The text of a small file of /proc, by one read.
fn read_small(path: &str) -> Option<String> {
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut bytes = [0; 4096];
    let count = rustix::io::read(file, &mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes[..count]).into_owned())
}

/// Sets every ignored signal to its default action, except SIGPIPE, which this program itself ignores. Without /proc,
/// `exec` still resets all.
fn reset_signals() {
    let Some(status) = read_small("/proc/self/status") else { return };
    let found = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let Some(found) = found.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()) else { return };
    for signal in signals(found & !bit(libc::SIGPIPE)) {
        set_action(signal, &Action::default());
    }
    IGNORED.store(bit(libc::SIGPIPE), Ordering::Relaxed);
}

/// The usual policy with nice 0, the I/O priority that follows from that, and the CPUs of the machine's PID 1.
fn reset_scheduling() {
    const SIZE: u32 = Attributes::SIZE;
    let mut now = Attributes::default();
    // SAFETY: the kernel writes at most SIZE bytes to a structure of ours.
    let known = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut now, SIZE, 0) } == 0;
    if known && (now.policy, now.flags, now.nice) != (libc::SCHED_OTHER as u32, 0, 0) {
        let usual = Attributes { size: SIZE, ..Attributes::default() };
        // SAFETY: the structure lives through the call.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const usual, 0) };
    }
    const OF_PROCESS: i32 = 1; // IOPRIO_WHO_PROCESS
    const BY_NICE: [i64; 2] = [0, 2 << 13 | 4]; // no priority; best effort 4, which nice 0 means
    // SAFETY: both take no pointers; 0 is no own priority.
    unsafe {
        if !BY_NICE.contains(&(libc::syscall(libc::SYS_ioprio_get, OF_PROCESS, 0) as i64)) {
            libc::syscall(libc::SYS_ioprio_set, OF_PROCESS, 0, 0);
        }
    }
    // SAFETY: sets are plain data, and live through the calls.
    unsafe {
        let (mut own, mut first): (libc::cpu_set_t, libc::cpu_set_t) = (std::mem::zeroed(), std::mem::zeroed());
        let asked = libc::sched_getaffinity(0, size_of_val(&own), &raw mut own) == 0
            && libc::sched_getaffinity(1, size_of_val(&first), &raw mut first) == 0;
        if asked && own != first {
            libc::sched_setaffinity(0, size_of_val(&first), &raw const first);
        }
    }
}

/// Without CAP_SYS_RESOURCE a hard limit can only be lowered: the current one then bounds both.
fn set_limit((name, soft, hard): &Limit) -> Result<()> {
    let index = RESOURCES.iter().position(|known| known == name).ok_or(Errno::EINVAL)?;
    let (resource, what) = (BY_NAME[index], || format!("RLIMIT_{}", name.to_uppercase()));
    let (now, most) = nix::sys::resource::getrlimit(resource).detail(what())?;
    if (now, most) == (*soft, *hard) {
        return Ok(());
    }
    match nix::sys::resource::setrlimit(resource, *soft, *hard) {
        Err(Errno::EPERM) => {
            nix::sys::resource::setrlimit(resource, (*soft).min(most), (*hard).min(most)).detail(what())
        }
        set => set.detail(what()),
    }
}

fn reset_oom_score() {
    const FILE: &str = "/proc/self/oom_score_adj";
    if read_small(FILE).is_some_and(|score| score.trim() != "0") {
        let _ = std::fs::write(FILE, "0");
    }
}

/// A session keyring of its own, without the caller's keys (session-keyring(7)). A kernel without keyrings, or a
/// container engine around this program, may refuse the call.
fn join_new_keyring() -> Result<()> {
    const JOIN_SESSION_KEYRING: i32 = 1;
    // SAFETY: a null pointer asks for a keyring without a name.
    let joined = unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>()) };
    match Errno::last() {
        _ if joined >= 0 => Ok(()),
        Errno::ENOSYS | Errno::EPERM | Errno::EACCES => Ok(()),
        _ => Err(Error::last()).detail("a session keyring"),
    }
}
