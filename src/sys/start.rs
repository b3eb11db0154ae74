//! The start of the process. `entry!` replaces Rust's own startup, which reads /proc/self/maps to find the stack's end
//! and installs a handler that reports a stack overflow: it costs a tenth of a millisecond of each container start. The
//! necessary parts of it are done here.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::signal::{SigHandler, Signal, signal};
use rustix::fs::{CWD, Mode, OFlags};

use super::process_state;

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
/// ignores SIGPIPE, so that a write to a closed pipe fails with EPIPE. Undoes what the caller did to signals that this
/// program needs.
pub fn prepare() {
    if !process_state::note_descriptors() {
        open_standard();
    }
    process_state::accept_signals();
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

fn open_standard() {
    while let Ok(null) = rustix::fs::openat(CWD, "/dev/null", OFlags::RDWR, Mode::empty()) {
        if null.as_raw_fd() > 2 {
            break;
        }
        // It stays open, in place of the closed one.
        let _ = null.into_raw_fd();
    }
}
