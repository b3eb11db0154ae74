//! Descriptors above standard error that a program gets under numbers of the caller's choice. Such a number may belong to a
//! file that this process still uses, so they are put in place only when the program is executed.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::io::fcntl_dupfd_cloexec;

use super::{Context, Error, Result};

/// Duplicates of the files, by the number that each is to get.
static PASSED: Mutex<Vec<(i32, OwnedFd)>> = Mutex::new(Vec::new());

/// From now on, every program that this process executes gets the file under this number.
pub fn pass(fd: BorrowedFd<'_>, number: i32) -> Result<()> {
    let kept = fcntl_dupfd_cloexec(fd, 3)?;
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    passed.retain(|(other, _)| *other != number);
    passed.push((number, kept));
    Ok(())
}

/// The files that this process had under the numbers, to be restored if no program is executed.
pub(super) struct Replaced(Vec<(i32, Option<OwnedFd>)>);

/// Puts the files in place. Errors: EBADF if a number exceeds the limit of open files, EMFILE at this limit.
pub(super) fn place() -> Result<Replaced> {
    let passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut replaced = Replaced(Vec::new());
    let Some(free) = passed.iter().map(|(number, _)| number + 1).max() else { return Ok(replaced) };
    // First out of the way of each other's numbers.
    let sources: Vec<(i32, OwnedFd)> = passed
        .iter()
        .map(|(number, fd)| Ok((*number, fcntl_dupfd_cloexec(fd, free).detail(format!("descriptor {number}"))?)))
        .collect::<Result<_>>()?;
    for (number, fd) in sources {
        // SAFETY: the number is only duplicated; one that is not open is an error of the call.
        let occupied = unsafe { BorrowedFd::borrow_raw(number) };
        replaced.0.push((number, fcntl_dupfd_cloexec(occupied, free).ok()));
        // SAFETY: what was open under the number is kept in `replaced`.
        if unsafe { libc::dup2(fd.as_raw_fd(), number) } < 0 {
            return Err(Error::last()).detail(format!("descriptor {number}")).inspect_err(|_| drop(replaced));
        }
    }
    Ok(replaced)
}

impl Drop for Replaced {
    /// Restores the files: no program was executed.
    fn drop(&mut self) {
        for (number, was) in self.0.drain(..) {
            match was {
                // SAFETY: the owner of the number gets its file back.
                Some(fd) => drop(unsafe { libc::dup3(fd.as_fd().as_raw_fd(), number, libc::O_CLOEXEC) }),
                // SAFETY: the number was free before `place`.
                None => drop(unsafe { OwnedFd::from_raw_fd(number) }),
            }
        }
    }
}
