//! A timeout for system calls without one, such as flock(2): a timer's signal interrupts them.

use std::time::{Duration, Instant};

use super::{Error, Result};

/// After the timeout the signal is repeated: the first one may arrive before the system call starts.
const AGAIN: i64 = 20_000;

extern "C" fn nothing(_: libc::c_int) {}

/// While this value lives, blocking calls return EINTR after the timeout. It uses SIGALRM.
pub struct Alarm {
    until: Instant,
    action: libc::sigaction,
    mask: libc::sigset_t,
}

impl Alarm {
    /// Sets the timer; zero seconds are rounded up to a microsecond.
    pub fn after(seconds: f64) -> Result<Alarm> {
        let wait = Duration::from_secs_f64(seconds.clamp(1e-6, 1e9));
        let handler: extern "C" fn(libc::c_int) = nothing;
        // SAFETY: plain C data, for which zeros are an empty mask and no flags: no SA_RESTART.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        let mut before = action;
        action.sa_sigaction = handler as libc::sighandler_t;
        // SAFETY: plain data; sigemptyset initialises it.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        let mut mask = set;
        // SAFETY: all values live through the calls, and the handler does nothing.
        let failed = unsafe {
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, libc::SIGALRM);
            libc::sigaction(libc::SIGALRM, &raw const action, &raw mut before) != 0
                || libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, &raw mut mask) != 0
        };
        if failed {
            return Err(Error::last());
        }
        let made = Alarm { until: Instant::now() + wait, action: before, mask };
        set_timer(wait, AGAIN)?;
        Ok(made)
    }

    /// Whether the timeout has expired.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let _ = set_timer(Duration::ZERO, 0);
        // SAFETY: both values came from the kernel.
        unsafe {
            libc::sigaction(libc::SIGALRM, &raw const self.action, std::ptr::null_mut());
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.mask, std::ptr::null_mut());
        }
    }
}

fn set_timer(wait: Duration, again: i64) -> Result<()> {
    let value = libc::itimerval {
        it_interval: libc::timeval { tv_sec: 0, tv_usec: again },
        it_value: libc::timeval { tv_sec: wait.as_secs() as i64, tv_usec: i64::from(wait.subsec_micros()) },
    };
    // SAFETY: the value lives through the call; the previous value is not requested.
    match unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const value, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}
