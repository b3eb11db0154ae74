//! Interruption of this process by a flag, which Lua checks from time to time, and which ends a blocking call: Ctrl-C at
//! a prompt, a signal that ends a recipe, an expired time limit. A second signal before the first is handled ends the
//! process as usual, so that a hanging command cannot block the terminal.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use nix::errno::Errno;

use super::{Error, Result};

/// The signal that has set the flag; 0: none.
static PENDING: AtomicI32 = AtomicI32::new(0);
/// The signal that has ended the recipe; 0: none.
static CAUGHT: AtomicI32 = AtomicI32::new(0);
/// How often the timer repeats until a time limit ends the process; 0: no limit is set.
static REPEATS: AtomicI32 = AtomicI32::new(0);

/// Whether the signals in `ENDING` end a recipe.
static ENDS: AtomicBool = AtomicBool::new(false);

/// Whether a prompt has read an input: SIGINT then ends a command, not the prompt.
static PROMPT: AtomicBool = AtomicBool::new(false);

/// The signal of the timer: no other part of the program uses it.
pub const LIMIT: i32 = libc::SIGVTALRM;
/// The signals that end a recipe.
pub const ENDING: [i32; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];
/// Nanoseconds between repetitions of the timer's signal: one may arrive just before a blocking call.
const AGAIN: i64 = 20_000_000;

extern "C" fn mark(signal: libc::c_int) {
    PENDING.store(signal, Ordering::Relaxed);
}

/// While the recipe is already being ended, a signal of another kind changes nothing.
pub(super) extern "C" fn end(signal: libc::c_int) {
    if CAUGHT.load(Ordering::Relaxed) == 0 {
        PENDING.store(signal, Ordering::Relaxed);
        let _ = set_timer(AGAIN);
    }
}

/// Without a time limit, it only interrupts a blocking call.
extern "C" fn expired(_: libc::c_int) {
    let left = REPEATS.load(Ordering::Relaxed);
    if left == 0 {
        return;
    }
    PENDING.store(LIMIT, Ordering::Relaxed);
    REPEATS.store(left.max(2) - 1, Ordering::Relaxed);
    if left == 1 {
        const TEXT: &[u8] = b"tinylua: a function did not end after its time limit; this process ends by SIGKILL\n";
        // SAFETY: both calls are async-signal-safe (signal-safety(7)), and the text lives on.
        unsafe {
            libc::write(2, TEXT.as_ptr().cast(), TEXT.len());
            libc::kill(libc::getpid(), libc::SIGKILL);
        }
    }
}

/// Sets a handler without SA_RESTART: a blocking call returns EINTR. Returns whether the signal was ignored before.
fn handle(signal: i32, handler: extern "C" fn(libc::c_int), flags: i32) -> Result<bool> {
    // SAFETY: sigaction is a plain C structure, for which zeros are an empty mask and no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let mut before = action;
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = flags;
    // SAFETY: both live through the call, and the handlers are async-signal-safe.
    match unsafe { libc::sigaction(signal, &raw const action, &raw mut before) } {
        0 => Ok(before.sa_sigaction == libc::SIG_IGN),
        _ => Err(Error::last()),
    }
}

/// Restores the action of a signal that `handle` changed.
fn restore(signal: i32, action: libc::sighandler_t) {
    // SAFETY: SIG_DFL and SIG_IGN install no function of ours.
    unsafe { libc::signal(signal, action) };
}

/// From now on the next SIGINT sets the flag (sigaction(2), SA_RESETHAND). An executed program has the default action
/// again.
pub fn arm() -> Result<()> {
    PROMPT.store(true, Ordering::Relaxed);
    let _ = PENDING.compare_exchange(libc::SIGINT, 0, Ordering::Relaxed, Ordering::Relaxed);
    handle(libc::SIGINT, mark, libc::SA_RESETHAND).map(drop)
}

/// Whether SIGINT sets the flag for a prompt.
pub fn at_prompt() -> bool {
    action_of(libc::SIGINT) == mark as extern "C" fn(libc::c_int) as libc::sighandler_t
}

fn action_of(signal: i32) -> libc::sighandler_t {
    // SAFETY: `now` is plain data that lives through the call; nothing is changed.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut now);
        now.sa_sigaction
    }
}

/// From now on the signals in `ENDING` set the flag, once each. One that the caller ignores stays ignored (nohup(1)).
pub fn arm_ending() -> Result<()> {
    CAUGHT.store(0, Ordering::Relaxed);
    ENDS.store(true, Ordering::Relaxed);
    handle(LIMIT, expired, 0)?;
    for signal in ENDING {
        if handle(signal, end, libc::SA_RESETHAND)? {
            restore(signal, libc::SIG_IGN);
        }
    }
    Ok(())
}

/// These signals have their default action again, unless they are ignored.
pub fn disarm_ending() {
    ENDS.store(false, Ordering::Relaxed);
    for signal in ENDING {
        if action_of(signal) == end as extern "C" fn(libc::c_int) as libc::sighandler_t {
            restore(signal, libc::SIG_DFL);
        }
    }
}

/// In a forked child: the default actions again. A signal that arrived before that has its default effect now.
pub(super) fn leave_to_parent() {
    disarm_ending();
    let early = PENDING.swap(0, Ordering::Relaxed);
    if early != 0 {
        // SAFETY: raise sends a signal to this process, whose action is the default.
        unsafe { libc::raise(early) };
    }
}

/// Sets a time limit: after `seconds` the flag is set, again and again for `grace` seconds, after which this process
/// ends by SIGKILL. Zero seconds: no limit.
pub fn limit(seconds: f64, grace: f64) -> Result<()> {
    let on = seconds > 0.0;
    REPEATS.store(if on { (grace * 1e9 / AGAIN as f64).max(1.0) as i32 } else { 0 }, Ordering::Relaxed);
    if on {
        handle(LIMIT, expired, 0)?;
    }
    set_timer(if on { (seconds * 1e9) as i64 } else { 0 })?;
    if !on {
        let _ = PENDING.compare_exchange(LIMIT, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
    Ok(())
}

/// Starts the timer of this process, or with 0 stops it. A forked child has no timer.
fn set_timer(nanoseconds: i64) -> Result<()> {
    static TIMER: AtomicI32 = AtomicI32::new(-1);
    static OWNER: AtomicI32 = AtomicI32::new(0);
    // SAFETY: getpid has no arguments.
    let me = unsafe { libc::getpid() };
    if OWNER.load(Ordering::Relaxed) != me {
        // SAFETY: a plain C structure, for which zeros are valid.
        let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
        event.sigev_notify = libc::SIGEV_SIGNAL;
        event.sigev_signo = LIMIT;
        let mut id: i32 = 0;
        // SAFETY: the kernel's own timer_create(2) writes an int; both live through the call.
        let made = unsafe { libc::syscall(libc::SYS_timer_create, libc::CLOCK_MONOTONIC, &raw mut event, &raw mut id) };
        if made != 0 {
            return Err(Error::last());
        }
        TIMER.store(id, Ordering::Relaxed);
        OWNER.store(me, Ordering::Relaxed);
    }
    let time = |n: i64| libc::timespec { tv_sec: n / 1_000_000_000, tv_nsec: n % 1_000_000_000 };
    let value = libc::itimerspec { it_value: time(nanoseconds), it_interval: time(AGAIN) };
    let timer = TIMER.load(Ordering::Relaxed);
    // SAFETY: the value lives through the call; the previous one is not requested.
    match unsafe { libc::syscall(libc::SYS_timer_settime, timer, 0, &raw const value, std::ptr::null_mut::<u8>()) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}

/// The signal that has set the flag, which is cleared; at a prompt the next SIGINT sets it again.
pub fn take() -> Option<i32> {
    match PENDING.swap(0, Ordering::Relaxed) {
        0 => None,
        LIMIT => Some(LIMIT),
        signal => {
            if ends(signal) {
                CAUGHT.store(signal, Ordering::Relaxed);
                let _ = set_timer(0);
            } else {
                let _ = arm();
            }
            Some(signal)
        }
    }
}

/// Whether the signals in `ENDING` end a recipe in this process.
pub fn ends_recipe() -> bool {
    ENDS.load(Ordering::Relaxed)
}

/// Whether this signal ends the recipe or the prompt in this process.
pub fn ends(signal: i32) -> bool {
    ends_recipe() && !(signal == libc::SIGINT && PROMPT.load(Ordering::Relaxed))
}

/// Sets the flag again if a signal ends this process, whether or not Lua has noticed it; returns EINTR then.
pub fn check_end() -> Result<()> {
    let signal = match PENDING.load(Ordering::Relaxed) {
        0 => caught().unwrap_or(0),
        signal => signal,
    };
    if signal == 0 || signal == LIMIT || !ends(signal) {
        return Ok(());
    }
    PENDING.store(signal, Ordering::Relaxed);
    Err(Error::new(Errno::EINTR))
}

/// The signal that has ended the recipe.
pub fn caught() -> Option<i32> {
    Some(CAUGHT.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// Whether the flag is set: a call interrupted by another signal continues.
pub fn pending() -> bool {
    PENDING.load(Ordering::Relaxed) != 0
}

/// EINTR if the flag is set: checked before a blocking call, which an earlier signal cannot interrupt.
pub fn check() -> Result<()> {
    if pending() { Err(Error::new(Errno::EINTR)) } else { Ok(()) }
}
