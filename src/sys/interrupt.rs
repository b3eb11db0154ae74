//! Ctrl-C at a prompt: the first one only leaves a mark, which Lua looks at now and then; the second
//! ends the process as everywhere, so that nothing that hangs can hold the terminal.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Error, Result};

static PENDING: AtomicBool = AtomicBool::new(false);

extern "C" fn mark(_: libc::c_int) {
    PENDING.store(true, Ordering::Relaxed);
}

/// From now on the next SIGINT leaves a mark (sigaction(2), SA_RESETHAND). A program that is
/// executed has the default again.
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

/// Whether the mark was left; takes it away.
pub fn take() -> bool {
    PENDING.swap(false, Ordering::Relaxed)
}
