//! Paths below a root, resolved once and by descriptor (openat2(2), RESOLVE_IN_ROOT): a link in a container's tree
//! never leads out of it, and the checked file is the one that is used. No path is resolved twice.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use super::{Context, Error, Result};

/// How often a lookup is retried when concurrent renames disturb it.
const MOST_WALKS: u32 = 1000;

/// The limit of symbolic links in one path (path_resolution(7)).
const MOST_LINKS: u32 = 40;

/// A place in a file tree: a path relative to `root`, or to the process's own root without one.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The root that links and `..` cannot leave.
    pub root: Option<BorrowedFd<'a>>,
    /// The path; a leading slash means the root.
    pub path: &'a Path,
}

/// An open directory: the root itself, or one below it.
pub enum Folder<'a> {
    /// The root.
    Root(BorrowedFd<'a>),
    /// A directory opened for this call.
    Opened(OwnedFd),
}

impl AsFd for Folder<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Folder::Root(fd) => *fd,
            Folder::Opened(fd) => fd.as_fd(),
        }
    }
}

impl Folder<'_> {
    fn into_owned(self) -> std::io::Result<OwnedFd> {
        match self {
            Folder::Root(fd) => fd.try_clone_to_owned(),
            Folder::Opened(fd) => Ok(fd),
        }
    }
}

impl Place<'_> {
    /// Whether this process may read, write and execute the file, by its effective ids (faccessat2(2)). Errors: EACCES,
    /// EROFS, and those of `open`.
    pub fn access(&self, read: bool, write: bool, execute: bool) -> Result<()> {
        let file = self.open()?;
        let letters = [(read, libc::R_OK), (write, libc::W_OK), (execute, libc::X_OK)];
        let mode = letters.iter().filter(|(wanted, _)| *wanted).fold(0, |all, (_, bit)| all | bit);
        let (fd, flags) = (file.as_raw_fd(), libc::AT_EACCESS | libc::AT_EMPTY_PATH);
        // SAFETY: the path is an empty C string; glibc's function of this name does not pass the flags on.
        match unsafe { libc::syscall(libc::SYS_faccessat2, fd, c"".as_ptr(), mode, flags) } {
            0 => Ok(()),
            _ => Err(Error::last()).at(self.path),
        }
    }

    /// Opens the place with O_PATH; "." is the root, which can be a file that is mounted. Errors: ENOENT, ENOTDIR, ELOOP.
    pub fn open(&self) -> Result<OwnedFd> {
        match (self.open_with(OFlags::PATH), self.root) {
            (Err(e), Some(root)) if e.errno == Errno::ENOTDIR && self.path == Path::new(".") => {
                Ok(rustix::io::fcntl_dupfd_cloexec(root, 0)?)
            }
            (opened, _) => opened,
        }
    }

    /// Opens the place with these flags (O_CLOEXEC is added).
    pub fn open_with(&self, flags: OFlags) -> Result<OwnedFd> {
        self.open_path(self.path, flags, Mode::empty())
    }

    /// Like `open_with`, but links in the path are not followed. With O_PATH and O_NOFOLLOW, a link in the last
    /// component is opened itself. Errors: ELOOP for a link in the path.
    pub fn open_without_links(&self, flags: OFlags) -> Result<OwnedFd> {
        self.resolve(self.path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
    }

    /// Like `open_with`; a created file gets this mode.
    pub fn open_or_make(&self, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        self.open_path(self.path, flags, mode)
    }

    fn open_path(&self, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        if self.root.is_none() {
            return rustix::fs::openat(CWD, path, flags | OFlags::CLOEXEC, mode).at(path);
        }
        self.resolve(path, flags, mode, ResolveFlags::NO_MAGICLINKS)
    }

    fn resolve(&self, path: &Path, flags: OFlags, mode: Mode, links: ResolveFlags) -> Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        let (root, resolve) = self.root.map_or((CWD, links), |root| (root, links | ResolveFlags::IN_ROOT));
        // EAGAIN: a rename during the lookup made the result uncertain. Endless renames can delay us this long and no
        // longer.
        for _ in 0..MOST_WALKS {
            match openat2(root, path, flags, mode, resolve) {
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                result => return result.at(path),
            }
        }
        Err(Error::new(Errno::EAGAIN).with_path(path).with_detail("directories in the path are renamed continuously"))
    }

    /// The directory that contains the last component, opened, and that component's name.
    pub fn parent(&self) -> Result<(Folder<'_>, &OsStr)> {
        let (folder, name) = split(self.path);
        if matches!(name.as_bytes(), b"" | b"." | b"..") {
            return Err(Error::new(Errno::EINVAL).with_path(self.path).with_detail("the path has no last component"));
        }
        if let (Some(root), b"." | b"/") = (self.root, folder.as_os_str().as_bytes()) {
            // The root itself: there is nothing to look up.
            return Ok((Folder::Root(root), name));
        }
        Ok((Folder::Opened(self.open_path(folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?), name))
    }

    /// Like `parent`, but a link in the last component is followed.
    pub fn follow(&self) -> Result<(OwnedFd, OsString)> {
        let mut path = self.path.to_owned();
        for _ in 0..MOST_LINKS {
            let place = Place { root: self.root, path: &path };
            let (folder, name) = place.parent()?;
            let Ok(target) = rustix::fs::readlinkat(&folder, name, Vec::new()) else {
                return Ok((folder.into_owned().at(self.path)?, name.to_owned()));
            };
            path = place.led_to(target.into_bytes());
        }
        Err(Error::new(Errno::ELOOP).with_path(self.path))
    }

    /// The path that a link in the last component stands for.
    fn led_to(&self, target: Vec<u8>) -> PathBuf {
        // An absolute target replaces the whole path.
        self.above().path.join(OsString::from_vec(target))
    }

    /// The path to which the dangling link in the last component leads. Below a root, it is created there, as the kernel
    /// would resolve it after chroot(2); `ENOENT` without one. links: how many were followed so far.
    fn beyond(&self, links: &mut u32) -> Result<PathBuf> {
        let dangling = || Error::new(Errno::ENOENT).with_path(self.path).with_detail("it is a dangling symbolic link");
        *links += 1;
        if *links > MOST_LINKS {
            return Err(Error::new(Errno::ELOOP).with_path(self.path));
        }
        let (folder, name) = self.parent()?;
        let target = rustix::fs::readlinkat(&folder, name, Vec::new()).map_err(|_| dangling())?;
        self.root.map(|_| self.led_to(target.into_bytes())).ok_or_else(dangling)
    }

    /// The directory that contains it; the root is its own parent.
    pub fn above(&self) -> Place<'_> {
        Place { path: split(self.path).0, ..*self }
    }

    /// Opens the directory and creates it and its parents (mode 0755) if they are missing; below a root, also where
    /// dangling links lead. Errors: ENOTDIR if another file is there, ENOENT for a dangling link without a root.
    pub fn make_dirs(&self) -> Result<OwnedFd> {
        self.make_dirs_through(&mut 0)
    }

    fn make_dirs_through(&self, links: &mut u32) -> Result<OwnedFd> {
        let absent = match self.open_dir() {
            Err(e) if e.errno == Errno::ENOENT => e,
            result => return result,
        };
        let (above, name) = (self.above(), split(self.path).1);
        if above.path.as_os_str() == self.path.as_os_str() {
            return Err(absent);
        }
        drop(above.make_dirs_through(links)?);
        if matches!(name.as_bytes(), b"." | b"..") {
            return self.open_dir();
        }
        match self.make_dir(0o755) {
            // Another process created it in the meantime, or it is a dangling link.
            Err(e) if e.errno == Errno::EEXIST => match self.open_dir() {
                Err(e) if e.errno == Errno::ENOENT => {
                    Place { root: self.root, path: &self.beyond(links)? }.make_dirs_through(links)
                }
                result => result,
            },
            made => made.and_then(|()| self.open_dir()),
        }
    }

    fn open_dir(&self) -> Result<OwnedFd> {
        let opened = self.open_with(OFlags::PATH | OFlags::DIRECTORY);
        opened.map_err(|e| {
            if e.errno == Errno::ENOTDIR { e.with_detail("a component of the path is not a directory") } else { e }
        })
    }

    /// Creates the directory with exactly this mode.
    pub fn make_dir(&self, mode: u32) -> Result<()> {
        let (folder, name) = self.parent()?;
        let mode = Mode::from_raw_mode(mode);
        without_umask(|| rustix::fs::mkdirat(&folder, name, mode)).at(self.path)?;
        if mode.intersects(Mode::SUID | Mode::SGID) {
            // mkdir(2) clears these two. The descriptor is always a directory, never a link.
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = rustix::fs::openat(&folder, name, flags, Mode::empty()).at(self.path)?;
            rustix::fs::fchmod(&made, mode).at(self.path)?;
        }
        Ok(())
    }

    /// Opens the file and creates it empty (mode 0644) if it is missing; like `make_dirs`.
    pub fn make_file(&self) -> Result<OwnedFd> {
        self.make_file_through(&mut 0)
    }

    fn make_file_through(&self, links: &mut u32) -> Result<OwnedFd> {
        match self.open() {
            Err(e) if e.errno == Errno::ENOENT => {}
            result => return result,
        }
        drop(self.above().make_dirs_through(links)?);
        let (folder, name) = self.parent()?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match without_umask(|| rustix::fs::openat(&folder, name, flags, Mode::from_raw_mode(0o644))) {
            Ok(_) => self.open(),
            Err(rustix::io::Errno::EXIST) => match self.open() {
                Err(e) if e.errno == Errno::ENOENT => {
                    Place { root: self.root, path: &self.beyond(links)? }.make_file_through(links)
                }
                result => result,
            },
            Err(e) => Err(e).at(self.path),
        }
    }
}

/// A path without its last component, and that component: "." for the directory itself.
fn split(path: &Path) -> (&Path, &OsStr) {
    let bytes = path.as_os_str().as_bytes();
    let trimmed = trimmed(bytes);
    let (above, name) = match trimmed.iter().rposition(|b| *b == b'/') {
        Some(0) => (&b"/"[..], &trimmed[1..]),
        Some(at) => (&trimmed[..at], &trimmed[at + 1..]),
        None if trimmed.is_empty() => (bytes, trimmed),
        None => (&b"."[..], trimmed),
    };
    (Path::new(OsStr::from_bytes(above)), OsStr::from_bytes(name))
}

/// A path without the slashes at its end.
fn trimmed(mut path: &[u8]) -> &[u8] {
    while let [rest @ .., b'/'] = path {
        path = rest;
    }
    path
}

/// The path of a file in a directory, for an error.
pub fn shown(folder: &Path, name: &[u8]) -> String {
    let folder = String::from_utf8_lossy(trimmed(folder.as_os_str().as_bytes()));
    if name.is_empty() { folder.into_owned() } else { format!("{folder}/{}", String::from_utf8_lossy(name)) }
}

/// Runs `f` with umask 0: created files get exactly the requested mode. A later chmod would use the name, which may be
/// replaced by a link in the meantime.
pub fn without_umask<R>(f: impl FnOnce() -> R) -> R {
    let umask = rustix::process::umask(Mode::empty());
    let made = f();
    rustix::process::umask(umask);
    made
}

/// Opens a directory as a root: O_PATH, and ENOTDIR with an explanation if it is a file.
pub fn open_root(path: &Path) -> Result<OwnedFd> {
    match rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
        Err(rustix::io::Errno::NOTDIR) => {
            Err(Error::new(Errno::ENOTDIR).with_path(path).with_detail("it is a file, not a directory"))
        }
        result => Ok(result.at(path)?),
    }
}

/// Whether the descriptor is a directory.
pub fn is_dir(fd: BorrowedFd<'_>) -> Result<bool> {
    let stat = rustix::fs::fstat(fd.as_fd())?;
    Ok(rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir())
}
