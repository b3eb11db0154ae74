//! The end of standard output: whether all output was written.

use std::io::Write;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, raise, signal};
use rustix::event::{PollFd, PollFlags, Timespec};

// SAFETY: the C library has a variable of this name and type.
unsafe extern "C" {
    /// C's standard output, to which Lua prints.
    static stdout: *mut libc::FILE;
}

/// The state of the output.
pub enum Output {
    /// All of it was written, as far as the kernel reports.
    Whole,
    /// Its reader has closed it.
    Gone,
    /// Some of it could not be written; the error of an earlier write is no longer known.
    Lost(Option<Errno>),
}

/// Flushes the buffers of C and Rust, and returns whether any output was lost, now or earlier. `said`: the result of
/// Rust's own printing.
pub fn finish(said: std::io::Result<()>) -> Output {
    let said = said.and_then(|()| std::io::stdout().flush());
    Errno::clear();
    // SAFETY: C's standard output is open as long as the process lives.
    let flushed = unsafe { libc::fflush(stdout) };
    let errno = Errno::last();
    // SAFETY: as above.
    let failed = flushed != 0 || unsafe { libc::ferror(stdout) } != 0;
    match said {
        Ok(()) if !failed => Output::Whole,
        _ if reader_is_gone() => Output::Gone,
        Err(e) => Output::Lost(e.raw_os_error().map(Errno::from_raw)),
        Ok(()) => Output::Lost((flushed != 0).then_some(errno)),
    }
}

/// A pipe or socket whose other end is closed.
fn reader_is_gone() -> bool {
    let out = rustix::stdio::stdout();
    let mut polled = [PollFd::from_borrowed_fd(out.as_fd(), PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::event::poll(&mut polled, Some(&now)).is_ok() && polled[0].revents().contains(PollFlags::ERR)
}

/// Ends like any program whose reader has gone: by SIGPIPE, or with its status.
pub fn end_by_sigpipe() -> u8 {
    // SAFETY: SIG_DFL installs no function of ours.
    if unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.is_ok() {
        let _ = super::event::unblock(&[libc::SIGPIPE]);
        let _ = raise(Signal::SIGPIPE);
    }
    128 + libc::SIGPIPE as u8
}
