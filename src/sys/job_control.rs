//! Who has the prompt's terminal: its own process group while it reads, a child's when it is given to
//! one, nobody else. A child of the prompt stands in a group of its own and reads nothing, so that it
//! takes no keys and Ctrl-C reaches what the prompt does alone (credentials(7), tcsetpgrp(3)).

use std::cell::RefCell;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::{Pid, getpgid, getpgrp, setpgid, tcgetpgrp, tcsetpgrp};
use rustix::fs::{Mode, OFlags};

use super::{Context, Result, terminal};

/// Whether children are born apart.
static APART: AtomicBool = AtomicBool::new(false);

/// From now on a child of this process is born in a process group that this process is not in, with
/// /dev/null as its standard input; its own children are not.
pub fn stand_apart(on: bool) {
    APART.store(on, Ordering::Relaxed);
}

/// Whether a child is to be made by a process in between, which leads its group: as its own leader it
/// could begin no session (setsid(2)). That process would be PID 1 where the next child is.
pub(super) fn wants_leader() -> bool {
    let of = |file: &str| std::fs::read_link(format!("/proc/self/ns/{file}")).ok();
    APART.load(Ordering::Relaxed) && of("pid") == of("pid_for_children")
}

/// What stops a group of which one member touches the terminal from the background.
fn stops() -> SigSet {
    [Signal::SIGTTIN, Signal::SIGTTOU, Signal::SIGTSTP].into_iter().collect()
}

/// The first act of the process in between. Stopped with the child, it could not tell of it.
pub(super) fn lead() {
    if APART.load(Ordering::Relaxed) {
        let _ = stops().thread_block();
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0)); // a fresh child always may
    }
}

/// A child's first act.
pub(super) fn begin() -> Result<()> {
    if !APART.swap(false, Ordering::Relaxed) {
        return Ok(());
    }
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).at("/dev/null")?;
    super::fs::dup_to(null.as_fd(), 0)?;
    Ok(stops().thread_unblock()?)
}

/// Makes the group of a child the one that reads the terminal at standard input, and lets it go on when
/// it was stopped for trying. A child in this process's group gets one of its own first. At a
/// prompt Ctrl-Z is no key until the terminal is taken back. Errors: ENOTTY
/// without a terminal, ESRCH when it has ended, EPERM when it is in another session.
pub fn give(pid: i32) -> Result<()> {
    let child = Pid::from_raw(pid);
    let mut group = getpgid(Some(child))?;
    if group == getpgrp() {
        setpgid(child, child)?;
        group = child;
    }
    if FOUND.with_borrow(Option::is_some) {
        // A prompt waits for the child's end: of one that Ctrl-Z stops it would never hear. From the
        // background it could not say so any more.
        let _ = terminal::without_suspend(terminal::standard(0));
    }
    set(group)?;
    let _ = nix::sys::signal::killpg(group, Signal::SIGCONT);
    Ok(())
}

/// The mode that the terminal at standard input is found in: `take_back` sets it again.
pub fn remember_mode() {
    FOUND.set(terminal::mode(terminal::standard(0)).ok());
}

thread_local! {
    static FOUND: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes this process's own group the one that reads the terminal, in the mode that was remembered: a
/// program that crashed may have left another. Nothing where there is no terminal or it is another
/// session's.
pub fn take_back() {
    if getpgrp().as_raw() == 0 {
        // Its group is that of a process outside its pid namespace, to which nothing could be given back.
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

/// A process in the background that does this is stopped by SIGTTOU unless it blocks it.
fn set(group: Pid) -> Result<()> {
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGTTOU);
    let mut before = SigSet::empty();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&blocked), Some(&mut before))?;
    let done = tcsetpgrp(terminal::standard(0), group);
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
    Ok(done?)
}

/// The signals that end a process and can be taken.
const ENDS: [libc::c_int; 4] = [libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGABRT];

/// The mode that an end by a signal restores.
static MODE: AtomicPtr<libc::termios> = AtomicPtr::new(std::ptr::null_mut());

/// While this lives, a signal that ends the process restores the terminal's mode first.
pub struct Restored {
    before: Vec<(libc::c_int, libc::sigaction)>,
}

extern "C" fn restore(signal: libc::c_int) {
    let mode = MODE.load(Ordering::Relaxed);
    if !mode.is_null() {
        // SAFETY: both are safe in a handler (signal-safety(7)); the mode is never freed while it is set.
        unsafe {
            libc::tcsetattr(0, libc::TCSANOW, mode);
            libc::write(1, END_OF_PASTE.as_ptr().cast(), END_OF_PASTE.len());
        }
    }
    // SAFETY: the default is back (SA_RESETHAND): the signal ends the process once the handler returns.
    unsafe { libc::raise(signal) };
}

/// Ends what the line editor asks of a terminal: pasted text in brackets.
const END_OF_PASTE: &[u8] = b"\x1b[?2004l\r\n";

/// The terminal at standard input keeps the mode that it has now, however the process ends.
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
        // SAFETY: both live through the call, and the handler makes calls only that are safe there.
        if unsafe { libc::sigaction(signal, &raw const action, &raw mut old) } == 0 {
            before.push((signal, old));
        }
    }
    Some(Restored { before })
}

impl Drop for Restored {
    fn drop(&mut self) {
        for (signal, old) in &self.before {
            // SAFETY: `old` is what the kernel gave for this signal.
            unsafe { libc::sigaction(*signal, old, std::ptr::null_mut()) };
        }
        let mode = MODE.swap(std::ptr::null_mut(), Ordering::Relaxed);
        if !mode.is_null() {
            // SAFETY: it came from a box, and no handler is installed any more that could read it.
            drop(unsafe { Box::from_raw(mode) });
        }
    }
}
