//! Replacing the process by a program without leaking any state (execve(2)).

use std::ffi::{CString, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

use super::process::flush_stdio;
use super::process_state::{self, Action};
use super::{Context, Error, Result};

/// The program for `exec`.
pub struct Program {
    /// The program and its arguments; the first is looked up in PATH unless it contains a slash.
    pub argv: Vec<Vec<u8>>,
    /// The file to execute instead of the one that the first argument names.
    pub file: Option<Vec<u8>>,
    /// The complete environment as `K=V`; `None`: this process's own.
    pub env: Option<Vec<Vec<u8>>>,
    /// The search path.
    pub path: Vec<u8>,
    /// The highest descriptor that stays open; higher ones are closed.
    pub last_fd: u32,
}

/// Replaces this process by a program. Descriptors above `last_fd` are closed, signals have their default actions and
/// none is blocked. Returns only on failure: ENOENT if it is not found, EACCES if it may not be executed, ENOEXEC if it
/// is not an executable. `last` is called when only execve(2) is left to do.
pub fn exec<E: From<Error>>(
    program: &Program,
    last: impl FnOnce() -> std::result::Result<(), E>,
) -> std::result::Result<std::convert::Infallible, E> {
    let name = program.file.as_ref().or(program.argv.first()).ok_or_else(|| Error::new(Errno::EINVAL))?;
    let argv = Vector::of(&program.argv)?;
    let env = program.env.as_deref().map(Vector::of).transpose()?;
    let env = env.as_ref().map_or_else(own_environment, Vector::as_ptr);
    let candidates = candidates(name, &program.path);
    flush_stdio();
    close_above(program.last_fd)?;
    let replaced = super::passed_fds::place()?;
    let saved = reset_signals()?;
    if let Err(e) = last() {
        restore_signals(saved);
        return Err(e);
    }
    let mut failure = Errno::ENOENT;
    for candidate in candidates {
        let Ok(file) = CString::new(candidate) else { continue };
        // SAFETY: strings that end with a NUL byte, in lists that end with a null pointer, all of which live on.
        unsafe { libc::execve(file.as_ptr(), argv.as_ptr(), env) };
        match Errno::last() {
            Errno::ENOENT | Errno::ENOTDIR => {}
            // Like execvp(3): a later directory of PATH may contain an executable.
            Errno::EACCES => failure = Errno::EACCES,
            errno => {
                failure = errno;
                break;
            }
        }
    }
    restore_signals(saved);
    drop(replaced);
    let mut error = Error::new(failure).with_path(OsStr::from_bytes(name));
    if failure == Errno::ENOENT {
        error = error.with_detail(not_found(name, &program.path));
    }
    Err(error.into())
}

/// Strings in the form of execve(2).
struct Vector {
    /// The strings behind `pointers`.
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl Vector {
    fn of(list: &[Vec<u8>]) -> Result<Vector> {
        let string =
            |s: &Vec<u8>| CString::new(&s[..]).map_err(|_| Error::new(Errno::EINVAL).with_detail("a NUL byte"));
        let strings = list.iter().map(string).collect::<Result<Vec<_>>>()?;
        let pointers = strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect();
        Ok(Vector { _strings: strings, pointers })
    }

    fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

/// The environment of this process; it does not change after the start.
fn own_environment() -> *const *const c_char {
    // SAFETY: the C library's declaration (environ(7)).
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    // SAFETY: a pointer that the C library set before `main`; the process has no other thread when it executes a
    // program.
    unsafe { environ }
}

/// Marks descriptors close-on-exec instead of closing them, so that the report pipe still works if exec fails. Without
/// close_range(2) (Linux 5.11) no program is run: a leaked descriptor could allow an escape.
fn close_above(last: u32) -> Result<()> {
    let Some(first) = last.checked_add(1) else { return Ok(()) };
    // SAFETY: close_range only marks descriptors.
    match unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) } {
        0 => Ok(()),
        _ => Err(Error::last()).detail("close_range"),
    }
}

/// A file that exists but is "not found" lacks its interpreter (execve(2), ENOENT).
fn not_found(name: &[u8], path: &[u8]) -> String {
    let there = |c: &Vec<u8>| std::fs::metadata(OsStr::from_bytes(c)).is_ok();
    match candidates(name, path).iter().find(|c| there(c)) {
        Some(_) => "the file exists, but its interpreter or dynamic loader does not".into(),
        None if name.contains(&b'/') => "no such program in this root".into(),
        None => format!("not in PATH={}", String::from_utf8_lossy(path)),
    }
}

fn candidates(name: &[u8], path: &[u8]) -> Vec<Vec<u8>> {
    if name.contains(&b'/') {
        return vec![name.to_vec()];
    }
    path.split(|b| *b == b':').filter(|d| !d.is_empty() && !name.is_empty()).map(|d| [d, b"/", name].concat()).collect()
}

/// The state to restore if exec fails: the mask, and the actions of signals that were not the default.
type SavedSignals = (nix::sys::signal::SigSet, Vec<(i32, Action)>);

/// An ignored or blocked signal survives execve(2): this program ignores SIGPIPE, `nohup` ignores SIGHUP, and a
/// supervisor blocks some. The program must not inherit this.
fn reset_signals() -> Result<SavedSignals> {
    use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
    let mut mask = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), Some(&mut mask))?;
    let reset = |signal| Some((signal, process_state::set_action(signal, &Action::default())?));
    let changed = process_state::ignored().filter_map(reset).filter(|(_, was)| *was != Action::default());
    Ok((mask, changed.collect()))
}

fn restore_signals((mask, changed): SavedSignals) {
    use nix::sys::signal::{SigmaskHow, pthread_sigmask};
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
    for (signal, was) in changed {
        process_state::set_action(signal, &was);
    }
}
