//! Takes the open files from a process that runs untrusted input. The numbers stay in use, since values of this program own
//! them: each becomes the reading end of a pipe without a writer.

use std::os::fd::{AsRawFd, RawFd};

use super::{Context, Error, Result, descriptor, process};

/// Withdraws every descriptor except these, and the one on which a child reports its failure.
pub fn withdraw(kept: &[RawFd]) -> Result<()> {
    let (empty, _) = descriptor::pipe()?;
    let list = "/proc/self/fd";
    // The list itself is closed before its number could be taken for another file's.
    let names =
        std::fs::read_dir(list).at(list)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>();
    for name in names.at(list)? {
        let Some(fd) = name.to_str().and_then(|name| name.parse::<RawFd>().ok()) else { continue };
        if fd == empty.as_raw_fd() || kept.contains(&fd) || process::own_report() == Some(fd) || !is_open(fd) {
            continue;
        }
        // SAFETY: the number stays open; its owners find another file.
        if unsafe { libc::dup3(empty.as_raw_fd(), fd, libc::O_CLOEXEC) } < 0 {
            return Err(Error::last()).detail("dup3");
        }
    }
    Ok(())
}

/// Whether a number is still in use: the list had a number of its own.
fn is_open(fd: RawFd) -> bool {
    // SAFETY: it only asks for flags.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}
