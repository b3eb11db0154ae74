//! Ctrl-C at a prompt: it sets a flag, which Lua checks from time to time, and which ends a blocking call. A second
//! Ctrl-C before the flag is checked ends the process as usual, so that a hanging command cannot block the terminal.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;

use super::{Error, Result};

static PENDING: AtomicBool = AtomicBool::new(false);

extern "C" fn mark(_: libc::c_int) {
    PENDING.store(true, Ordering::Relaxed);
}

/// From now on the next SIGINT sets the flag (sigaction(2), SA_RESETHAND; a blocking call returns EINTR, since
/// SA_RESTART is not set). An executed program has the default action again.
pub fn arm() -> Result<()> {
    PENDING.store(false, Ordering::Relaxed);
    let handler: extern "C" fn(libc::c_int) = mark;
    // SAFETY: sigaction is a plain C structure, for which zeros are an empty mask and no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_RESETHAND;
    // SAFETY: `action` outlives the call, and the handler only stores to an atomic.
    match unsafe { libc::sigaction(libc::SIGINT, &raw const action, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}

/// Whether the flag was set; clears it, and the next SIGINT sets it again.
pub fn take() -> bool {
    PENDING.load(Ordering::Relaxed) && arm().is_ok()
}

/// Whether the flag is set: a call interrupted by another signal continues.
pub fn pending() -> bool {
    PENDING.load(Ordering::Relaxed)
}

/// EINTR if the flag is set: checked before a blocking call, which an earlier signal cannot interrupt.
pub fn check() -> Result<()> {
    if pending() { Err(Error::new(Errno::EINTR)) } else { Ok(()) }
}
