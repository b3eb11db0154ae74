//! Folders that are held by a descriptor, so that their names cannot come to mean something else, and what lies in
//! them: one name at a time, without waiting, and no link is followed unawares.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, StatxFlags, openat};

use super::Result;

/// Programs dup2(2) onto low numbers: what is held has a higher one.
const ABOVE: i32 = 100;

/// How a folder is opened.
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// How a file is opened: a FIFO does not hold it up, and a terminal does not become ours.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// What a name in a folder stands for.
pub enum Found {
    /// Nothing of the kind that was looked for.
    Nothing,
    /// A link.
    Link,
    /// What was looked for, opened.
    There(OwnedFd),
}

/// The folder at a path, held.
pub fn folder(path: &Path) -> Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(openat(CWD, path, FOLDER, Mode::empty())?, ABOVE)?)
}

/// The folder of this name in a folder, held.
pub fn folder_in(folder: BorrowedFd<'_>, name: &str, follow: bool) -> Result<Found> {
    match look(folder, name, FOLDER, follow)? {
        Found::There(fd) => Ok(Found::There(rustix::io::fcntl_dupfd_cloexec(fd, ABOVE)?)),
        other => Ok(other),
    }
}

/// The file of this name in a folder, opened for reading; it may be of any kind.
pub fn file_in(folder: BorrowedFd<'_>, name: &str, follow: bool) -> Result<Found> {
    look(folder, name, FILE, follow)
}

fn look(folder: BorrowedFd<'_>, name: &str, flags: OFlags, follow: bool) -> Result<Found> {
    use rustix::io::Errno;
    let flags = if follow { flags } else { flags | OFlags::NOFOLLOW };
    match openat(folder, name, flags, Mode::empty()) {
        Ok(fd) => Ok(Found::There(fd)),
        Err(Errno::NOENT) => Ok(Found::Nothing),
        // To one that asks for a folder, the kernel calls a link no folder.
        Err(Errno::LOOP | Errno::NOTDIR) if !follow && is_link(folder, name) => Ok(Found::Link),
        Err(Errno::NOTDIR) => Ok(Found::Nothing),
        Err(e) => Err(e.into()),
    }
}

fn is_link(folder: BorrowedFd<'_>, name: &str) -> bool {
    rustix::fs::readlinkat(folder, name, Vec::new()).is_ok()
}

/// Whether a folder has something of this name.
pub fn is_in(folder: BorrowedFd<'_>, name: &str) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

/// The names in a folder; none where it cannot be read.
pub fn names(folder: BorrowedFd<'_>) -> Vec<String> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(entries) = openat(folder, ".", flags, Mode::empty()).and_then(rustix::fs::Dir::new) else {
        return Vec::new();
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
    names.filter(|name| name != "." && name != "..").collect()
}

/// What tells one root of a process from another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// The mount: a new mount namespace has other ones, where every path may mean something else.
    mount: u64,
    /// Device and inode.
    file: (u64, u64),
}

impl Root {
    /// The root that this process has now.
    pub fn now() -> Option<Root> {
        let wanted = StatxFlags::INO | StatxFlags::MNT_ID;
        match rustix::fs::statx(CWD, "/", AtFlags::empty(), wanted) {
            Ok(s) => {
                let device = rustix::fs::makedev(s.stx_dev_major, s.stx_dev_minor);
                Some(Root { mount: s.stx_mnt_id, file: (device, s.stx_ino) })
            }
            // A filter that was made before statx(2).
            Err(_) => rustix::fs::stat("/").ok().map(|s| Root { mount: 0, file: (s.st_dev, s.st_ino) }),
        }
    }

    /// Whether both are the same folder, be it by another mount of it.
    pub fn same_folder(self, other: Root) -> bool {
        self.file == other.file
    }
}

/// The owner and the mode of what a descriptor leads to.
pub fn owner_and_mode(fd: &OwnedFd) -> Result<(u32, u32)> {
    let stat = rustix::fs::fstat(fd.as_fd())?;
    Ok((stat.st_uid, stat.st_mode))
}
