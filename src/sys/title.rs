//! The title of this process, as shown by ps(1): written over the arguments, like setproctitle(3). The command line and
//! the environment behind it can then no longer be read in /proc/PID/cmdline and /proc/PID/environ, neither by the
//! host's users nor from inside a container.

use std::ffi::{CStr, CString, OsString, c_char};
use std::os::unix::ffi::OsStringExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::Result;

// SAFETY: the C library has a variable of this name; an atomic pointer is as large as a pointer.
unsafe extern "C" {
    /// The environment (environ(7)).
    static environ: AtomicPtr<*mut c_char>;
}

/// The longest title: Linux shows one page of it.
const LONGEST: usize = 4095;

/// `main`'s argv; null in a program that embeds the virtual machine and owns its arguments.
static ARGV: AtomicPtr<*mut c_char> = AtomicPtr::new(std::ptr::null_mut());
static AREA: OnceLock<Area> = OnceLock::new();

/// The memory that the kernel shows as arguments and environment; and the original arguments.
struct Area {
    start: usize,
    /// The length of the arguments, with their NULs.
    arguments: usize,
    /// The length of both.
    length: usize,
    words: Vec<Vec<u8>>,
}

/// Records where the arguments are: the first step of `main`.
pub fn remember(argv: *mut *mut c_char) {
    ARGV.store(argv, Ordering::Relaxed);
}

/// Sets the title, and sets the name of the process to the part before the colon. A title that is longer than the
/// arguments and the environment together is truncated. In a program that embeds the virtual machine nothing changes.
pub fn set(title: &[u8]) -> Result<()> {
    let argv = ARGV.load(Ordering::Relaxed);
    if argv.is_null() {
        return Ok(());
    }
    let area = AREA.get_or_init(|| take(argv));
    if area.length > 0 {
        let title = &title[..title.len().min(area.length - 1).min(LONGEST)];
        let at = area.start as *mut u8;
        // SAFETY: the strings that the kernel placed there for this process, `length` consecutive bytes. They are no
        // longer read: `arguments` and `environ` point to copies.
        unsafe {
            std::ptr::write_bytes(at, 0, area.length);
            std::ptr::copy_nonoverlapping(title.as_ptr(), at, title.len());
            // If the last byte of the arguments is not NUL, the kernel shows one string, up to its NUL.
            if title.len() + 1 < area.arguments {
                at.add(area.arguments - 1).write(b'.');
            }
        }
    }
    let name = title.split(|b| *b == b':').next().unwrap_or_default();
    let name = CString::new(&name[..name.len().min(15)]).unwrap_or_default();
    Ok(rustix::thread::set_name(&name)?)
}

/// The arguments of this process before any title was set.
pub fn arguments() -> Vec<Vec<u8>> {
    let argv = ARGV.load(Ordering::Relaxed);
    match AREA.get() {
        Some(area) => area.words.clone(),
        None if argv.is_null() => std::env::args_os().map(OsString::into_vec).collect(),
        // SAFETY: `main`'s argv, which the kernel terminates with a null pointer and which is never modified.
        None => unsafe { list(argv, &mut 0) },
    }
}

/// Copies the arguments and the environment; the C library and Rust use the copy of the environment from now on.
fn take(argv: *mut *mut c_char) -> Area {
    // SAFETY: both lists are the process's own, end with a null pointer, and contain strings that end with NUL; this
    // process has one thread during its setup, so no other thread reads `environ`.
    unsafe {
        let start = (*argv) as usize;
        let mut end = start;
        let words = list(argv, &mut end);
        let arguments = end - start;
        let variables = list(environ.load(Ordering::Relaxed), &mut end);
        let variables = variables.into_iter().filter_map(|text| CString::new(text).ok()).map(CString::into_raw);
        let pointers: Box<[_]> = variables.chain([std::ptr::null_mut()]).collect();
        environ.store(Box::leak(pointers).as_mut_ptr(), Ordering::Relaxed);
        Area { start, arguments, length: end - start, words }
    }
}

/// Copies a list of strings; `end` is moved past those that follow it contiguously.
// SAFETY: the caller's list is null, or ends with a null pointer and contains strings that end with NUL.
unsafe fn list(mut list: *mut *mut c_char, end: &mut usize) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    // SAFETY: the caller's promise.
    unsafe {
        while !list.is_null() && !(*list).is_null() {
            let text = CStr::from_ptr(*list).to_bytes();
            if *list as usize == *end {
                *end += text.len() + 1;
            }
            texts.push(text.to_vec());
            list = list.add(1);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_those_of_main() {
        let mut words = [c"tinylua", c"a b", c"", c"\xff"].map(|word| word.to_owned().into_raw()).to_vec();
        words.push(std::ptr::null_mut());
        remember(Box::leak(words.into_boxed_slice()).as_mut_ptr());
        assert_eq!(arguments(), [&b"tinylua"[..], b"a b", b"", b"\xff"]);
    }
}
