//! Copy-on-write folders: the upper directory of an overlay holds what a container changed in a folder of the host. Here the
//! changes are listed, applied to the folder, and discarded. The container wrote the upper directory, and others may write
//! the folder meanwhile: every name is looked up by descriptor below its directory, and no link is followed (openat2(2)).
//!
//! A directory of the container's has all of it: `upper` and `work` of the overlay; `start`, whose time is that of the first
//! start; `base` and `touched`, with what was applied earlier; `journal`, with the step of an interrupted `apply`.

pub mod apply;
mod attributes;
pub mod changes;
mod compare;
pub mod discard;
mod install;
mod journal;
pub mod make;
mod records;
mod walk;

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, openat2};

use super::path::open_root;
use super::{Context, Error, Result};
use records::Records;

/// Seconds since 1970, and nanoseconds.
type Time = (i64, i64);

/// The longest path below the folder: the kernel resolves no longer one.
const LONGEST: usize = 4095;

/// How often a lookup is retried when concurrent renames disturb it.
const MOST_WALKS: u32 = 1000;

/// What is known of a file.
#[derive(Clone, Copy)]
pub(in crate::sys) struct Seen {
    kind: FileType,
    mode: u32,
    uid: u32,
    gid: u32,
    size: u64,
    dev: u64,
    ino: u64,
    links: u64,
    rdev: u64,
    mtime: Time,
    ctime: Time,
}

impl Seen {
    #[expect(clippy::cast_sign_loss, clippy::unnecessary_cast)]
    fn of(stat: &rustix::fs::Stat) -> Seen {
        Seen {
            kind: FileType::from_raw_mode(stat.st_mode),
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            size: stat.st_size as u64,
            dev: stat.st_dev,
            ino: stat.st_ino,
            links: stat.st_nlink as u64,
            rdev: stat.st_rdev,
            mtime: (stat.st_mtime, stat.st_mtime_nsec as i64),
            ctime: (stat.st_ctime, stat.st_ctime_nsec as i64),
        }
    }

    fn is_dir(&self) -> bool {
        self.kind == FileType::Directory
    }

    fn is_whiteout(&self) -> bool {
        self.kind == FileType::CharacterDevice && self.rdev == 0
    }
}

/// The type of a file, as `stat` of the primitives names it.
fn word(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "file",
        FileType::Directory => "dir",
        FileType::Symlink => "link",
        FileType::Fifo => "fifo",
        FileType::Socket => "socket",
        FileType::CharacterDevice => "char",
        FileType::BlockDevice => "block",
        FileType::Unknown => "unknown",
    }
}

/// An entry of a directory; none if there is no such entry.
fn look(folder: impl AsFd, name: &[u8]) -> Result<Option<Seen>> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(Seen::of(&stat))),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

fn seen(fd: impl AsFd) -> Result<Seen> {
    Ok(Seen::of(&rustix::fs::fstat(fd)?))
}

/// Opens a path below a directory, through directories of the same mount only.
fn open_below(root: impl AsFd, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let path = if path.is_empty() { b"." } else { path };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    for _ in 0..MOST_WALKS {
        match openat2(&root, path, flags, Mode::empty(), resolve) {
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            opened => return opened,
        }
    }
    Err(rustix::io::Errno::AGAIN)
}

/// How a directory is opened to read and to change it.
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// An open copy-on-write folder.
pub struct Folder {
    /// The container's directory with all of it.
    place: OwnedFd,
    upper: OwnedFd,
    /// The folder of the host.
    lower: OwnedFd,
    records: Records,
}

impl Folder {
    /// Opens it. Errors: ESTALE if the folder is not the one that the container saw.
    pub fn open(place: &Path, lower: &Path) -> Result<Folder> {
        let opened = open_root(place)?;
        let upper = open_below(&opened, b"upper", DIRECTORY).at(place)?;
        let below = rustix::fs::open(lower, DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()).at(lower)?;
        let records = Records::read(&opened).at(place)?;
        if seen(&below)?.ino != records.ino {
            let error = Error::new(Errno::ESTALE).with_path(lower);
            return Err(error.with_detail("it is not the directory that the container saw: it was replaced"));
        }
        Ok(Folder { place: opened, upper, lower: below, records })
    }
}
