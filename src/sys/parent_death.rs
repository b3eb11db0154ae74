//! Children that end with their parent: they get SIGKILL at its end (prctl(2), PR_SET_PDEATHSIG), and check whether it
//! had ended before. The check uses a pidfd, since the parent has no pid in a child's own pid namespace.

use std::os::fd::{AsFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

use super::{Result, event, interrupt};

/// What this process is: neither of the following, a process whose children end with it, or such a child.
static ROLE: AtomicU8 = AtomicU8::new(NONE);
const NONE: u8 = 0;
const GUARD: u8 = 1;
const BOUND: u8 = 2;

/// A pidfd of the guarding process; its children inherit it.
static PARENT: AtomicI32 = AtomicI32::new(-1);

/// From now on the children of this process end with it.
pub fn guard() -> Result<()> {
    let own = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty())?;
    release();
    PARENT.store(own.into_raw_fd(), Ordering::Relaxed);
    ROLE.store(GUARD, Ordering::Relaxed);
    Ok(())
}

/// Later children outlive this process.
pub fn release() {
    ROLE.store(NONE, Ordering::Relaxed);
    drop(take_parent());
}

/// Whether the children of this process end with it.
pub fn guards() -> bool {
    ROLE.load(Ordering::Relaxed) == GUARD
}

/// In a forked child: signals have their default actions, and it ends with its parent unless it `outlives` it.
pub(super) fn begin(outlives: bool) {
    match ROLE.load(Ordering::Relaxed) {
        GUARD => {
            interrupt::leave_to_parent();
            if outlives {
                return release();
            }
            ROLE.store(BOUND, Ordering::Relaxed);
            renew();
        }
        BOUND => release(),
        _ => {}
    }
}

/// Sets the signal again: the kernel clears it when a process changes its user or gains capabilities.
pub(super) fn renew() {
    if ROLE.load(Ordering::Relaxed) != BOUND {
        return;
    }
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let Some(parent) = take_parent() else { return };
    if event::readable(parent.as_fd(), Some(0.0)).unwrap_or(false) {
        // SAFETY: _exit does not return and runs no handlers; nothing was written yet.
        unsafe { libc::_exit(128 + libc::SIGKILL) }
    }
    PARENT.store(parent.into_raw_fd(), Ordering::Relaxed);
}

fn take_parent() -> Option<OwnedFd> {
    let fd = PARENT.swap(-1, Ordering::Relaxed);
    // SAFETY: `guard` stored a descriptor that we own and that is not used elsewhere.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}
