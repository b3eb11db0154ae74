//! Files as they were found, and how they are looked up: by descriptor, below a directory, without links.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, openat2};

use crate::sys::Result;

/// Seconds since 1970, and nanoseconds.
pub type Time = (i64, i64);

/// The longest path below the folder: the kernel resolves no longer one.
pub const LONGEST: usize = 4095;

/// How often a lookup is retried when concurrent renames disturb it.
const MOST_WALKS: u32 = 1000;

/// What is known of a file.
#[derive(Clone, Copy)]
pub struct Seen {
    pub kind: FileType,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    pub dev: u64,
    pub ino: u64,
    pub links: u64,
    pub rdev: u64,
    /// The space that it takes up, in units of 512 bytes.
    pub blocks: u64,
    pub mtime: Time,
    pub ctime: Time,
}

impl Seen {
    #[expect(clippy::cast_sign_loss, clippy::unnecessary_cast)]
    pub fn of(stat: &rustix::fs::Stat) -> Seen {
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
            blocks: stat.st_blocks as u64,
            mtime: (stat.st_mtime, stat.st_mtime_nsec as i64),
            ctime: (stat.st_ctime, stat.st_ctime_nsec as i64),
        }
    }

    pub fn is_dir(&self) -> bool {
        self.kind == FileType::Directory
    }

    /// Whether it certainly has no holes.
    pub fn is_dense(&self) -> bool {
        self.blocks * 512 >= self.size
    }

    pub fn is_whiteout(&self) -> bool {
        self.kind == FileType::CharacterDevice && self.rdev == 0
    }
}

/// The type of a file, as `stat` of the primitives names it.
pub fn word(kind: FileType) -> &'static str {
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
pub fn look(folder: impl AsFd, name: &[u8]) -> Result<Option<Seen>> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(Seen::of(&stat))),
        Err(rustix::io::Errno::NOENT) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

pub fn seen(fd: impl AsFd) -> Result<Seen> {
    Ok(Seen::of(&rustix::fs::fstat(fd)?))
}

/// Opens a path below a directory, through directories of the same mount only.
pub fn open_below(root: impl AsFd, path: &[u8], flags: OFlags) -> rustix::io::Result<OwnedFd> {
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
pub const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);
