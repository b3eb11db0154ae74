//! The start of the process. `entry!` replaces Rust's own startup, which reads /proc/self/maps to find the stack's end
//! and installs a handler that reports a stack overflow: it costs a tenth of a millisecond of each container start. The
//! necessary parts of it are done here.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::signal::{SigHandler, Signal, signal};
use rustix::fs::{CWD, Mode, OFlags};

/// Makes the function the program's `main`.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        /// Called by the C library. Rust gets the arguments from it by itself.
        // SAFETY: the only symbol of this name in the program, with C's signature.
        #[unsafe(no_mangle)]
        extern "C" fn main(_: core::ffi::c_int, argv: *mut *mut core::ffi::c_char) -> core::ffi::c_int {
            $crate::sys::title::remember(argv);
            $crate::sys::start::prepare();
            i32::from($main())
        }
    };
}

/// Opens those of the three standard descriptors that are closed, so that no file of ours becomes one of them, and
/// ignores SIGPIPE, so that a write to a closed pipe fails with EPIPE.
pub fn prepare() {
    if !standard_are_open() {
        open_standard();
    }
    // SAFETY: SIG_IGN installs no function of ours.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) };
    name_process();
}

/// Until Linux 6.14, a program that was executed by its descriptor (`entry`, `cloned_binary`) is named by the number of that.
fn name_process() {
    let number = |name: &CStr| !name.is_empty() && name.to_bytes().iter().all(u8::is_ascii_digit);
    if rustix::thread::name().is_ok_and(|name| number(&name))
        && let Some(first) = super::title::arguments().first()
    {
        let name = Path::new(OsStr::from_bytes(first)).file_name().map(OsStr::as_bytes).unwrap_or_default();
        let name = CString::new(&name[..name.len().min(15)]).unwrap_or_default();
        let _ = rustix::thread::set_name(&name);
    }
}

/// One call for the usual case.
fn standard_are_open() -> bool {
    let mut standard = [0, 1, 2].map(|fd| libc::pollfd { fd, events: 0, revents: 0 });
    // SAFETY: three structures, which live through the call; an invalid descriptor is reported in them, not as an
    // error.
    let asked = unsafe { libc::poll(standard.as_mut_ptr(), 3, 0) };
    asked >= 0 && standard.iter().all(|fd| fd.revents & libc::POLLNVAL == 0)
}

fn open_standard() {
    while let Ok(null) = rustix::fs::openat(CWD, "/dev/null", OFlags::RDWR, Mode::empty()) {
        if null.as_raw_fd() > 2 {
            break;
        }
        // It stays open, in place of the closed one.
        let _ = null.into_raw_fd();
    }
}
