//! Ctrl-C at a prompt: it leaves a mark, which Lua looks at now and then, and which ends a call that
//! waits. Before the mark was seen a second one ends the process as everywhere, so that nothing that
//! hangs can hold the terminal.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;

use super::{Error, Result};

static PENDING: AtomicBool = AtomicBool::new(false);

extern "C" fn mark(_: libc::c_int) {
    PENDING.store(true, Ordering::Relaxed);
}

/// From now on the next SIGINT leaves a mark (sigaction(2), SA_RESETHAND; a call that waits returns
/// EINTR, since there is no SA_RESTART). A program that is executed has the default again.
pub fn arm() -> Result<()> {
    PENDING.store(false, Ordering::Relaxed);
    let handler: extern "C" fn(libc::c_int) = mark;
    // SAFETY: sigaction is a plain C structure, for which zeros are an empty mask and no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_RESETHAND;
    // SAFETY: `action` outlives the call, and the handler does no more than store to an atomic.
    match unsafe { libc::sigaction(libc::SIGINT, &raw const action, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}

/// Whether the mark was left; takes it away, and the next SIGINT leaves one again.
pub fn take() -> bool {
    PENDING.load(Ordering::Relaxed) && arm().is_ok()
}

/// Whether the mark was left: a call that a signal interrupted goes on otherwise.
pub fn pending() -> bool {
    PENDING.load(Ordering::Relaxed)
}

/// EINTR where the mark was left: before a call that waits, which the signal came too early to interrupt.
pub fn check() -> Result<()> {
    if pending() { Err(Error::new(Errno::EINTR)) } else { Ok(()) }
}
