//! Creating processes: clone3 into namespaces and cgroups, a child's error report and its end (clone(2)).

use std::io::Write;
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use rustix::process::Signal;

use super::{Context, Error, Result, job_control, namespace, parent_death};

/// In a forked child: the pipe that reports its failure to the parent; -1 for none. It owns the descriptor as a number,
/// since registering a thread-local destructor would cost time in each child.
static REPORT: AtomicI32 = AtomicI32::new(-1);

/// In a forked child: the pid of its parent; 0 if that is in another pid namespace, or if this is no forked child.
static PARENT: AtomicI32 = AtomicI32::new(0);

/// The attributes of a new child.
#[derive(Default)]
pub struct Birth<'a> {
    /// CLONE_NEW* flags of the new namespaces.
    pub new: u64,
    /// Namespaces to join, with their flags, in this order; user namespaces come first.
    pub join: Vec<(BorrowedFd<'a>, u64)>,
    /// The v2 cgroup directory to start in (CLONE_INTO_CGROUP, kernel 5.7).
    pub into_cgroup: Option<BorrowedFd<'a>>,
    /// cgroup.procs files to which the child first writes itself (v1, or v2 without clone3).
    pub attach: Vec<BorrowedFd<'a>>,
    /// The OOM killer's adjustment for the child, set from its start (proc_pid_oom_score_adj(5)).
    pub oom_score_adj: Option<i64>,
    /// A new cgroup namespace after the child was placed, so that its root is the child's cgroup.
    pub cgroup_namespace: bool,
    /// Whether it outlives a parent whose children end with it.
    pub outlives: bool,
}

/// The parent's view of a new child.
pub struct Born {
    /// Its pid in the caller's pid namespace.
    pub pid: i32,
    /// Its pidfd.
    pub pidfd: OwnedFd,
    /// The pipe on which its failure is reported; end of file once it runs a program or has ended.
    pub report: OwnedFd,
}

/// clone3's argument (clone(2)).
#[repr(C)]
#[derive(Default)]
pub(super) struct CloneArgs {
    pub flags: u64,
    pub pidfd: u64,
    pub child_tid: u64,
    pub parent_tid: u64,
    pub exit_signal: u64,
    pub stack: u64,
    pub stack_size: u64,
    pub tls: u64,
    pub set_tid: u64,
    pub set_tid_size: u64,
    pub cgroup: u64,
}

pub(super) const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// clone3 of this process, which is single-threaded (`clone` asserts it).
pub(super) fn raw_clone(args: &mut CloneArgs) -> libc::c_long {
    // SAFETY: no CLONE_VM and no stack: the child is a copy, as with fork(2), and this process is
    // single-threaded, so no lock is held by a thread that the child lacks.
    let result = unsafe { libc::syscall(libc::SYS_clone3, &raw mut *args, size_of::<CloneArgs>()) };
    // A seccomp filter cannot inspect clone3's arguments, so some filters return ENOSYS for it.
    if result < 0 && Errno::last() == Errno::ENOSYS { old_clone(args) } else { result }
}

/// A short-lived helper process in new namespaces: its pid, or 0 in it.
pub(super) fn plain_clone(new: u64) -> Result<i32> {
    assert_single_threaded()?;
    flush_stdio();
    let mut args = CloneArgs { flags: new, exit_signal: libc::SIGCHLD as u64, ..CloneArgs::default() };
    match raw_clone(&mut args) {
        result @ 0.. => Ok(result as i32),
        _ => Err(Error::last()),
    }
}

/// Sends a number, or an error, through a pipe to the process that waits in `hear`.
pub(super) fn send(pipe: BorrowedFd<'_>, outcome: Result<i32>) {
    let text = match outcome {
        Ok(number) => number.to_string(),
        Err(e) => format!("-{}\n{}", e.errno as i32, e.detail.or(e.path).unwrap_or_default()),
    };
    let _ = rustix::io::write(pipe, text.as_bytes());
}

/// The value sent by the other end; ESRCH if it exited without sending any.
pub(super) fn recv(pipe: BorrowedFd<'_>) -> Result<i32> {
    // Ctrl-C does not end this: it is immediate, and a child already created would not be waited for.
    let mut bytes = Vec::new();
    while read_some(pipe, &mut bytes)? {}
    let text = String::from_utf8_lossy(&bytes);
    let (number, detail) = text.split_once('\n').unwrap_or((&text, ""));
    match number.parse::<i32>() {
        Ok(number @ 0..) => Ok(number),
        Ok(errno) => {
            let error = Error::new(Errno::from_raw(-errno));
            Err(if detail.is_empty() { error } else { error.with_detail(detail) })
        }
        Err(_) => Err(Error::new(Errno::ESRCH).with_detail("an intermediate process was killed")),
    }
}

/// clone(2) for the same purpose; it supports neither CLONE_INTO_CGROUP nor a new time namespace.
fn old_clone(args: &CloneArgs) -> libc::c_long {
    let flags = args.flags | args.exit_signal;
    if args.cgroup != 0 || args.flags & 0xff != 0 {
        return -1;
    }
    // SAFETY: as for clone3; the third argument is where the kernel writes the pidfd, on every architecture.
    unsafe { libc::syscall(libc::SYS_clone, flags, 0, args.pidfd, 0, 0) }
}

/// The first steps of a child. `mapped`: whether the ids of its new user namespace are mapped. The namespaces `early` were
/// joined by its parent, for its children. `parent`: the pid of its parent.
pub(super) fn begin(birth: &Birth<'_>, mapped: Result<bool>, failures: OwnedFd, early: u64, parent: u32) {
    let moved = birth.join.iter().fold(birth.new, |all, (_, flag)| all | flag) & libc::CLONE_NEWPID as u64 != 0;
    PARENT.store(if moved { 0 } else { parent as i32 }, Ordering::Relaxed);
    parent_death::begin(birth.outlives);
    drop(take_report());
    REPORT.store(failures.into_raw_fd(), Ordering::Relaxed);
    let entered = (|| -> Result<()> {
        // The parent throws the error of a map that it could not write.
        if !mapped? {
            end_child(125);
        }
        job_control::begin().detail("leaving the prompt's terminal")?;
        for procs in &birth.attach {
            rustix::io::write(procs, b"0").detail("entering the cgroup")?;
        }
        if birth.cgroup_namespace {
            namespace::unshare(libc::CLONE_NEWCGROUP as u64)?;
        }
        for (fd, flag) in birth.join.iter().filter(|(_, flag)| flag & early == 0) {
            namespace::setns(*fd, *flag).detail("joining a namespace")?;
        }
        Ok(())
    })();
    if let Err(error) = entered {
        let text = serde_json::json!({ "op": "clone", "code": error.code(), "message": error.to_string() });
        report(text.to_string().as_bytes());
        end_child(125);
    }
}

/// Sends this child's failure to its parent. The text is truncated so that the write cannot block.
pub fn report(json: &[u8]) {
    if let Some(fd) = take_report() {
        let _ = rustix::io::write(&fd, &json[..json.len().min(60_000)]);
    }
}

/// The descriptor of this child's report, while it is open.
pub fn own_report() -> Option<i32> {
    Some(REPORT.load(Ordering::Relaxed)).filter(|fd| *fd >= 0)
}

/// Closes the report pipe: the parent's `wait_ready` returns.
pub fn notify_ready() {
    drop(take_report());
}

fn take_report() -> Option<OwnedFd> {
    let fd = REPORT.swap(-1, Ordering::Relaxed);
    // SAFETY: `begin` stored a descriptor that we own and that is not used elsewhere.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Exits a child without running the parent's exit handlers.
pub fn end_child(status: u8) -> ! {
    flush_stdio();
    // SAFETY: _exit does not return and runs no handlers.
    unsafe { libc::_exit(i32::from(status)) }
}

/// Ends this process at once, like SIGKILL: no buffers are flushed and no cleanup runs. PID 1 of a pid namespace is
/// immune to its own SIGKILL (pid_namespaces(7)); `_exit` is equally immediate.
#[cfg(debug_assertions)]
pub fn die() -> ! {
    let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
    // SAFETY: _exit does not return and runs no handlers.
    unsafe { libc::_exit(137) }
}

/// Flushes the buffers of C and Rust; after a fork their content would be written twice.
pub fn flush_stdio() {
    let _ = std::io::stdout().flush();
    // SAFETY: fflush(NULL) flushes every open output stream.
    unsafe { libc::fflush(std::ptr::null_mut()) };
}

/// A fork copies only the calling thread: a lock held by another thread would stay locked forever.
pub(super) fn assert_single_threaded() -> Result<()> {
    if is_single_threaded() {
        return Ok(());
    }
    // /proc/self/task has one directory per thread; a directory's link count is two more than its subdirectories.
    match std::fs::metadata("/proc/self/task") {
        Ok(meta) if meta.nlink() > 3 => Err(Error::new(Errno::EDEADLK).with_detail(format!(
            "this process has {} threads; only a single-threaded process can fork",
            meta.nlink() - 2
        ))),
        _ => Ok(()),
    }
}

/// Whether this is certainly the only thread; if the C library does not report it, it may be so anyway.
fn is_single_threaded() -> bool {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: the C library's declaration.
        unsafe extern "C" {
            /// Not 0 while no other thread was created (glibc 2.32, sys/single_threaded.h).
            static __libc_single_threaded: libc::c_char;
        }
        // SAFETY: a plain byte, which only changes while this is the only thread.
        unsafe { (&raw const __libc_single_threaded).read_volatile() != 0 }
    }
    #[cfg(not(target_env = "gnu"))]
    false
}

/// Whether `fd` becomes readable (for a pidfd: its process has ended) within `timeout` seconds.
pub fn read_report(report: BorrowedFd<'_>, timeout: Option<f64>) -> Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    loop {
        if !super::event::readable(report, timeout)? {
            return Ok(None);
        }
        if !read_some(report, &mut text)? {
            return Ok(Some(text));
        }
    }
}

/// Reads the available bytes, retrying after interruptions; false at the end.
fn read_some(pipe: BorrowedFd<'_>, text: &mut Vec<u8>) -> Result<bool> {
    let mut chunk = [0u8; 4096];
    loop {
        match rustix::io::read(pipe, &mut chunk) {
            Ok(n) => {
                text.extend_from_slice(&chunk[..n]);
                return Ok(n > 0);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// The signal that this process receives when its parent ends (prctl(2), PR_SET_PDEATHSIG). Errors: ESRCH in a forked
/// child whose parent has already ended: it would never come.
pub fn set_parent_death_signal(signal: i32) -> Result<()> {
    // SAFETY: 1..=64 is checked by the callers' parser; 0 is "none".
    let signal = if signal == 0 { None } else { Some(unsafe { Signal::from_raw_unchecked(signal) }) };
    rustix::process::set_parent_process_death_signal(signal)?;
    let parent = PARENT.load(Ordering::Relaxed);
    if signal.is_some() && parent != 0 && nix::unistd::getppid().as_raw() != parent {
        return Err(Error::new(Errno::ESRCH).with_detail("the parent has already ended"));
    }
    Ok(())
}
