//! The foreground process group of the prompt's terminal: the prompt's own group while it reads, or that of a child in
//! the foreground. A child of the prompt has its own group and no input, so that it receives no keys, and Ctrl-C only
//! interrupts the prompt's own work (credentials(7), tcsetpgrp(3)).

use std::cell::RefCell;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{Pid, getpgid, getpgrp, setpgid, tcgetpgrp, tcsetpgrp};
use rustix::fs::{Mode, OFlags};

use super::{Context, Result, terminal};

/// Whether children get their own process group.
static APART: AtomicBool = AtomicBool::new(false);

/// From now on a child of this process starts in another process group, with /dev/null as its standard input; this does
/// not apply to its own children.
pub fn stand_apart(on: bool) {
    APART.store(on, Ordering::Relaxed);
}

/// Whether a child needs an intermediate process that leads its group: a group leader cannot start a session
/// (setsid(2)). With a new pid namespace the intermediate process would be PID 1.
pub(super) fn wants_leader() -> bool {
    let of = |file: &str| std::fs::read_link(format!("/proc/self/ns/{file}")).ok();
    APART.load(Ordering::Relaxed) && of("pid") == of("pid_for_children")
}

/// The signals that stop a group when a member accesses the terminal from the background.
fn stops() -> SigSet {
    [Signal::SIGTTIN, Signal::SIGTTOU, Signal::SIGTSTP].into_iter().collect()
}

/// The first step of the intermediate process. If it were stopped with the child, it could not report it.
pub(super) fn lead() {
    if APART.load(Ordering::Relaxed) {
        let _ = stops().thread_block();
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0)); // a fresh child always may
    }
}

/// The first step of a child.
pub(super) fn begin() -> Result<()> {
    if !APART.swap(false, Ordering::Relaxed) {
        return Ok(());
    }
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).at("/dev/null")?;
    super::descriptor::dup_to(null.as_fd(), 0)?;
    Ok(stops().thread_unblock()?)
}

/// Moves the process group of a child to the foreground of the terminal at standard input, and continues it if it was
/// stopped for reading. A child in this process's group gets its own first. At a prompt, Ctrl-Z is disabled until the
/// terminal is taken back. Errors: ENOTTY without a terminal, ESRCH if it has ended, EPERM if it is in another session.
pub fn give(pid: i32) -> Result<()> {
    let child = Pid::from_raw(pid);
    let mut group = getpgid(Some(child))?;
    if group == getpgrp() {
        setpgid(child, child)?;
        group = child;
    }
    if FOUND.with_borrow(Option::is_some) {
        // A prompt waits for the child to end, and would not notice that Ctrl-Z stopped it. From the background it
        // could not change the mode any more.
        let _ = terminal::without_suspend(terminal::standard(0));
    }
    set(group)?;
    let _ = nix::sys::signal::killpg(group, Signal::SIGCONT);
    Ok(())
}

/// The mode of the terminal at standard input: `take_back` restores it.
pub fn remember_mode() {
    FOUND.set(terminal::mode(terminal::standard(0)).ok());
}

thread_local! {
    static FOUND: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Moves this process's own group to the foreground and restores the saved mode, since a crashed program may have
/// changed it. Does nothing without a terminal or if it belongs to another session.
pub fn take_back() {
    if getpgrp().as_raw() == 0 {
        // Its group belongs to a process outside its pid namespace, so the terminal could not be handed back.
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    }
    let own = getpgrp();
    let terminal = terminal::standard(0);
    if tcgetpgrp(terminal).is_ok_and(|now| now != own) {
        let _ = set(own);
    }
    if let Some(mode) = FOUND.with_borrow(Clone::clone)
        && terminal::mode(terminal).is_ok_and(|now| now != mode)
    {
        let _ = terminal::set_mode(terminal, &mode);
    }
}

/// A background process that does this is stopped by SIGTTOU unless it blocks it.
fn set(group: Pid) -> Result<()> {
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGTTOU);
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&blocked), Some(&mut before))?;
    let done = tcsetpgrp(terminal::standard(0), group);
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
    Ok(done?)
}

/// The signals that end a process and can be caught.
const ENDS: [libc::c_int; 4] = [libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGABRT];

/// The mode to restore when a signal ends the process.
static MODE: AtomicPtr<libc::termios> = AtomicPtr::new(std::ptr::null_mut());

/// While this value lives, a signal that ends the process restores the terminal's mode first.
pub struct Restored {
    before: Vec<(libc::c_int, libc::sigaction)>,
}

extern "C" fn restore(signal: libc::c_int) {
    let mode = MODE.load(Ordering::Relaxed);
    if !mode.is_null() {
        // SAFETY: both are async-signal-safe (signal-safety(7)); the mode is never freed while it is set.
        unsafe {
            libc::tcsetattr(0, libc::TCSANOW, mode);
            libc::write(1, END_OF_PASTE.as_ptr().cast(), END_OF_PASTE.len());
        }
    }
    if super::interrupt::ends(signal) && signal != libc::SIGABRT {
        // The line editor ignores EINTR, so the input ends for it.
        // SAFETY: all three are async-signal-safe; descriptor 0 is the terminal, which this process reads no more.
        unsafe {
            let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            libc::dup2(null, 0);
            libc::close(null);
        }
        return super::interrupt::end(signal);
    }
    // SAFETY: the default action is set again (SA_RESETHAND): the signal ends the process when the handler returns.
    unsafe { libc::raise(signal) };
}

/// Disables bracketed paste, which the line editor enables.
const END_OF_PASTE: &[u8] = b"\x1b[?2004l\r\n";

/// The terminal at standard input keeps its current mode, however the process ends.
pub fn restore_on_signals() -> Option<Restored> {
    let mode = terminal::attributes(terminal::standard(0)).ok()?;
    MODE.store(Box::into_raw(Box::new(mode)), Ordering::Relaxed);
    let mut before = Vec::new();
    for signal in ENDS {
        // SAFETY: sigaction is plain data, for which zeros are an empty mask and no flags.
        let (mut action, mut old): (libc::sigaction, libc::sigaction) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        let handler: extern "C" fn(libc::c_int) = restore;
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_RESETHAND;
        // SAFETY: both live through the call, and the handler only makes async-signal-safe calls.
        if unsafe { libc::sigaction(signal, &raw const action, &raw mut old) } == 0 {
            before.push((signal, old));
        }
    }
    Some(Restored { before })
}

impl Drop for Restored {
    fn drop(&mut self) {
        for (signal, old) in &self.before {
            // SAFETY: `old` came from the kernel for this signal.
            unsafe { libc::sigaction(*signal, old, std::ptr::null_mut()) };
        }
        let mode = MODE.swap(std::ptr::null_mut(), Ordering::Relaxed);
        if !mode.is_null() {
            // SAFETY: it came from a box, and no handler that could read it is installed any more.
            drop(unsafe { Box::from_raw(mode) });
        }
    }
}
