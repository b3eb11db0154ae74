//! Directories held by a descriptor, so that their names cannot change meaning, and the files in them. Names are looked
//! up one at a time, without blocking and without following links.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags, openat};

use super::Result;

/// Programs dup2(2) onto low numbers, so these use higher ones.
const ABOVE: i32 = 100;

/// The flags for opening a directory.
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// The flags for opening a file: a FIFO does not block, and a terminal does not become the controlling terminal.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// The file behind a name in a directory.
pub enum Found {
    /// Nothing of the requested type.
    Nothing,
    /// A link.
    Link,
    /// The requested file, opened.
    There(OwnedFd),
}

/// Opens the directory at a path.
pub fn folder(path: &Path) -> Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(openat(CWD, path, FOLDER, Mode::empty())?, ABOVE)?)
}

/// Opens the directory of this name in a directory.
pub fn folder_in(folder: BorrowedFd<'_>, name: &str, follow: bool) -> Result<Found> {
    match look(folder, name, FOLDER, follow)? {
        Found::There(fd) => Ok(Found::There(rustix::io::fcntl_dupfd_cloexec(fd, ABOVE)?)),
        other => Ok(other),
    }
}

/// Opens the file of this name in a directory for reading; it may be of any type.
pub fn file_in(folder: BorrowedFd<'_>, name: &str, follow: bool) -> Result<Found> {
    look(folder, name, FILE, follow)
}

fn look(folder: BorrowedFd<'_>, name: &str, flags: OFlags, follow: bool) -> Result<Found> {
    use rustix::io::Errno;
    let flags = if follow { flags } else { flags | OFlags::NOFOLLOW };
    match openat(folder, name, flags, Mode::empty()) {
        Ok(fd) => Ok(Found::There(fd)),
        Err(Errno::NOENT) => Ok(Found::Nothing),
        // With O_DIRECTORY the kernel reports a link as not a directory.
        Err(Errno::LOOP | Errno::NOTDIR) if !follow && is_link(folder, name) => Ok(Found::Link),
        Err(Errno::NOTDIR) => Ok(Found::Nothing),
        Err(e) => Err(e.into()),
    }
}

fn is_link(folder: BorrowedFd<'_>, name: &str) -> bool {
    rustix::fs::readlinkat(folder, name, Vec::new()).is_ok()
}

/// Whether a directory contains this name.
pub fn is_in(folder: BorrowedFd<'_>, name: &str) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

/// The names in a directory; none if it cannot be read.
pub fn names(folder: BorrowedFd<'_>) -> Vec<String> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(entries) = openat(folder, ".", flags, Mode::empty()).and_then(rustix::fs::Dir::new) else {
        return Vec::new();
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
    names.filter(|name| name != "." && name != "..").collect()
}

/// The identity of a process's root directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// The mount id: a new mount namespace has other ones, and every path may mean something else there.
    mount: u64,
    /// Device and inode.
    file: (u64, u64),
}

impl Root {
    /// The current root of this process.
    pub fn now() -> Option<Root> {
        let wanted = StatxFlags::INO | StatxFlags::MNT_ID;
        match rustix::fs::statx(CWD, "/", AtFlags::empty(), wanted) {
            Ok(s) => {
                let device = rustix::fs::makedev(s.stx_dev_major, s.stx_dev_minor);
                Some(Root { mount: s.stx_mnt_id, file: (device, s.stx_ino) })
            }
            // A seccomp filter that is older than statx(2).
            Err(_) => rustix::fs::stat("/").ok().map(|s| Root { mount: 0, file: (s.st_dev, s.st_ino) }),
        }
    }

    /// Whether both are the same directory, possibly through another mount.
    pub fn same_folder(self, other: Root) -> bool {
        self.file == other.file
    }
}

/// The owner and mode of an open file.
pub fn owner_and_mode(fd: &OwnedFd) -> Result<(u32, u32)> {
    let stat = rustix::fs::fstat(fd.as_fd())?;
    Ok((stat.st_uid, stat.st_mode))
}
