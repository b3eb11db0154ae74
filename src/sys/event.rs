//! Waiting: poll, signals as a descriptor, file changes. The kernel reports all events; nothing polls in a loop.

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::inotify;

use super::{Context, Error, Result, interrupt, memory, signal};

/// Which of `fds` are ready for the requested events; all false after `timeout` seconds. An error condition or a closed
/// peer counts as ready: the next call on the descriptor reports it. With `trim`, memory is released before the wait.
pub fn poll(fds: &[(BorrowedFd<'_>, PollFlags)], timeout: Option<f64>, trim: bool) -> Result<Vec<bool>> {
    let deadline = timeout.map(|t| Instant::now() + Duration::from_secs_f64(t.clamp(0.0, 1e9)));
    let mut polled: Vec<PollFd<'_>> = fds.iter().map(|(fd, what)| PollFd::from_borrowed_fd(*fd, *what)).collect();
    loop {
        interrupt::check()?;
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let left = left.map(|d| Timespec { tv_sec: d.as_secs() as i64, tv_nsec: i64::from(d.subsec_nanos()) });
        let mut sleep = || rustix::event::poll(&mut polled, left.as_ref());
        match if trim { memory::give_back_and(sleep) } else { sleep() } {
            Ok(_) => return Ok(polled.iter().map(|p| !p.revents().is_empty()).collect()),
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Whether `fd` becomes readable (for a pidfd: its process has ended) within `timeout` seconds.
pub fn readable(fd: BorrowedFd<'_>, timeout: Option<f64>) -> Result<bool> {
    ready(fd, PollFlags::IN, timeout)
}

/// Whether `fd` becomes ready for `what` within `timeout` seconds; an error condition is readiness.
pub fn ready(fd: BorrowedFd<'_>, what: PollFlags, timeout: Option<f64>) -> Result<bool> {
    Ok(poll(&[(fd, what)], timeout, false)?[0])
}

/// Blocks these signals and gives them to a descriptor instead (signalfd(2)); returns it and those
/// that were not blocked before. A program that is executed later starts with none blocked.
pub fn signalfd(numbers: &[i32]) -> Result<(OwnedFd, Vec<i32>)> {
    // The kernel would silently ignore these two.
    if let Some(number) = numbers.iter().find(|n| [libc::SIGKILL, libc::SIGSTOP].contains(n)) {
        return Err(Error::new(Errno::EINVAL).with_detail(format!("{} cannot be blocked", signal::name(*number))));
    }
    let set = signal_set(numbers)?;
    // SAFETY: the set lives through the call; -1 requests a new descriptor.
    let fd = unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    if fd < 0 {
        return Err(Error::last());
    }
    // SAFETY: the kernel returned this new descriptor.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let before = change_mask(libc::SIG_BLOCK, &set)?;
    // SAFETY: both take a set that lives through the call and a number that `signal_set` checked.
    let new = |n: &&i32| unsafe { libc::sigismember(&raw const before, **n) } == 0;
    Ok((fd, numbers.iter().filter(new).copied().collect()))
}

/// Unblocks signals; pending ones are delivered now.
pub fn unblock(numbers: &[i32]) -> Result<()> {
    change_mask(libc::SIG_UNBLOCK, &signal_set(numbers)?).map(drop)
}

/// A set that may contain real-time signals, which nix does not name.
fn signal_set(numbers: &[i32]) -> Result<libc::sigset_t> {
    // SAFETY: a set is plain data, for which zeros are valid, and the empty set on Linux.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    for number in numbers {
        // SAFETY: the set is ours; an invalid signal number is refused.
        if unsafe { libc::sigaddset(&raw mut set, *number) } != 0 {
            return Err(Error::last().with_detail(format!("{number} is not a signal")));
        }
    }
    Ok(set)
}

/// Changes this thread's signal mask; returns the previous one.
fn change_mask(how: i32, set: &libc::sigset_t) -> Result<libc::sigset_t> {
    // SAFETY: as above.
    let mut before: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: both sets live through the call.
    match unsafe { libc::pthread_sigmask(how, set, &raw mut before) } {
        0 => Ok(before),
        errno => Err(Error::new(Errno::from_raw(errno))),
    }
}

/// The next pending signal, and its sender (0: the kernel); `None` when none is pending.
pub fn read_signal(fd: BorrowedFd<'_>) -> Result<Option<(i32, u32)>> {
    let mut info = [0u8; size_of::<libc::signalfd_siginfo>()];
    match rustix::io::read(fd, &mut info) {
        Ok(n) if n == info.len() => {
            let word = |at: usize| u32::from_ne_bytes([info[at], info[at + 1], info[at + 2], info[at + 3]]);
            Ok(Some((word(0) as i32, word(12))))
        }
        Ok(_) | Err(rustix::io::Errno::AGAIN) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// A descriptor that reports changes of the files given to `watch` (inotify(7)).
pub fn inotify() -> Result<OwnedFd> {
    Ok(inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?)
}

/// Watches a file or directory for writes, created and removed names, renames and its own removal.
pub fn watch(fd: BorrowedFd<'_>, path: &str) -> Result<()> {
    use inotify::WatchFlags as W;
    let events = W::MODIFY | W::CREATE | W::DELETE | W::MOVED_FROM | W::MOVED_TO | W::DELETE_SELF | W::MOVE_SELF;
    inotify::add_watch(fd, path, events).at(path)?;
    Ok(())
}

/// Reads an inotify descriptor: the names that changed, empty for the watched file itself.
pub fn changes(fd: BorrowedFd<'_>) -> Result<Vec<Vec<u8>>> {
    let mut buffer = [const { std::mem::MaybeUninit::uninit() }; 4096];
    let mut reader = inotify::Reader::new(fd, &mut buffer);
    let mut names = Vec::new();
    loop {
        match reader.next() {
            Ok(event) => names.push(event.file_name().map(|n| n.to_bytes().to_vec()).unwrap_or_default()),
            Err(rustix::io::Errno::AGAIN) => return Ok(names),
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Makes reads of a descriptor nonblocking.
pub fn set_nonblocking(fd: BorrowedFd<'_>, on: bool) -> Result<()> {
    use rustix::fs::OFlags;
    let before = rustix::fs::fcntl_getfl(fd)?;
    let flags = if on { before | OFlags::NONBLOCK } else { before - OFlags::NONBLOCK };
    if flags == before { Ok(()) } else { Ok(rustix::fs::fcntl_setfl(fd, flags)?) }
}
