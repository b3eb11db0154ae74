//! PID 1 of a pid namespace that runs one program as its child: forwards signals, reaps orphans, and exits with the
//! program (pid_namespaces(7)). It is a fork of this process next to a possibly hostile program, so it keeps nothing
//! worth inspecting.

use std::convert::Infallible;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

use super::process::{end_child, flush_stdio, notify_ready, own_report, read_report};
use super::{Context, Error, Result};

// SAFETY: the C library has a variable of this name and type.
unsafe extern "C" {
    /// The environment as the C library has it (environ(7)).
    static environ: *const *mut libc::c_char;
}

/// Runs as PID 1 for `child` until that has ended, then exits with its status, 128 + n after signal n. The caller must
/// block the signals to be forwarded before it forks the child; errors on the child's `report` are forwarded too.
/// Returns only on failure: EINVAL for a process that is not PID 1.
pub fn become_init(child: i32, report: Option<BorrowedFd<'_>>) -> Result<Infallible> {
    if std::process::id() != 1 {
        return Err(Error::new(Errno::EINVAL).with_detail("the caller is not PID 1 of a pid namespace"));
    }
    flush_stdio();
    // SAFETY: takes no pointers; the name is a string with its NUL.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0);
        libc::prctl(libc::PR_SET_NAME, c"init".as_ptr());
    }
    forget_environment();
    // SAFETY: a set is plain data; sigfillset initialises it.
    let mut all: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is ours and lives through both calls.
    unsafe {
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
    }
    // A child may wait for the closing of these descriptors: from here on nothing is left to find.
    close_all_but(report.map(|fd| fd.as_raw_fd()), own_report())?;
    if let Some(failure) = report.map(|fd| read_report(fd, None)).transpose()?.flatten().filter(|text| !text.is_empty())
    {
        super::process::report(&failure);
    }
    notify_ready();
    close_all_but(None, None)?;
    loop {
        if let Some(status) = reap(child) {
            end_child(status);
        }
        // SAFETY: the set lives through the call; only the signal's number is requested.
        let number = unsafe { libc::sigwaitinfo(&raw const all, std::ptr::null_mut()) };
        if number > 0 && number != libc::SIGCHLD {
            // SAFETY: the child has not been reaped, so the pid is still its own.
            unsafe { libc::kill(child, number) };
        }
    }
}

/// Closes every descriptor above standard error except these.
fn close_all_but(one: Option<i32>, other: Option<i32>) -> Result<()> {
    let mut kept: Vec<i32> = one.into_iter().chain(other).collect();
    kept.sort_unstable();
    let mut first = 3;
    for last in kept.iter().map(|fd| fd - 1).chain([i32::MAX]) {
        // SAFETY: this process does not use these again: it never returns to their owners.
        if first <= last && unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } != 0 {
            return Err(Error::last()).detail("close_range");
        }
        first = last.saturating_add(2);
    }
    Ok(())
}

/// Reaps all ended processes; returns the child's status if it is among them.
fn reap(child: i32) -> Option<u8> {
    loop {
        let mut status = 0;
        // SAFETY: the kernel writes to a variable of ours.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
        if pid <= 0 {
            // There is no child: it has ended, and its status was already taken.
            return (pid < 0 && Errno::last() == Errno::ECHILD).then_some(125);
        }
        if pid == child {
            let signal = status & 0x7f;
            return Some(if signal == 0 { (status >> 8) as u8 } else { 128 + signal as u8 });
        }
    }
}

/// The container must not see the caller's variables, which /proc/1/environ would show.
fn forget_environment() {
    // SAFETY: environ ends with a null pointer, each entry with a NUL; this process has one thread and
    // reads no variable again.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            std::ptr::write_bytes(*entry, 0, libc::strlen(*entry));
            entry = entry.add(1);
        }
    }
}
