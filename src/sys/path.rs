//! Paths below a root, resolved once and by descriptor (openat2(2), RESOLVE_IN_ROOT): a link in a
//! container's tree never leads out of it, and what was checked is what is used. No string is
//! walked twice.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use super::{Context, Error, Result};

/// How often a walk is tried that renames elsewhere disturb.
const MOST_WALKS: u32 = 1000;

/// How many links one name may lead over (path_resolution(7)).
const MOST_LINKS: u32 = 40;

/// A place in a file tree: a path seen from `root`, or from the process's own root without one.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The root that links and `..` cannot leave.
    pub root: Option<BorrowedFd<'a>>,
    /// The path; a leading slash means the root.
    pub path: &'a str,
}

/// An open folder: the root itself, or one below it.
pub enum Folder<'a> {
    /// The root.
    Root(BorrowedFd<'a>),
    /// A folder opened for this.
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
    /// Opens the place with O_PATH. Errors: ENOENT, ENOTDIR, ELOOP.
    pub fn open(&self) -> Result<OwnedFd> {
        self.open_with(OFlags::PATH)
    }

    /// Opens the place with these flags (O_CLOEXEC is added).
    pub fn open_with(&self, flags: OFlags) -> Result<OwnedFd> {
        self.open_path(self.path, flags, Mode::empty())
    }

    /// As `open_with`, but no link is followed on the way or, with O_PATH and O_NOFOLLOW, in the last place, where it is
    /// opened itself. Errors: ELOOP for one on the way.
    pub fn open_without_links(&self, flags: OFlags) -> Result<OwnedFd> {
        self.resolve(self.path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS)
    }

    /// As `open_with`; a file that is made gets this mode.
    pub fn open_or_make(&self, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        self.open_path(self.path, flags, mode)
    }

    fn open_path(&self, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        if self.root.is_none() {
            return rustix::fs::openat(CWD, path, flags | OFlags::CLOEXEC, mode).at(path);
        }
        self.resolve(path, flags, mode, ResolveFlags::NO_MAGICLINKS)
    }

    fn resolve(&self, path: &str, flags: OFlags, mode: Mode, links: ResolveFlags) -> Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        let (root, resolve) = self.root.map_or((CWD, links), |root| (root, links | ResolveFlags::IN_ROOT));
        // EAGAIN: something was renamed during the walk and the kernel could not be sure. Whoever
        // renames without end can hold us up this long and no longer.
        for _ in 0..MOST_WALKS {
            match openat2(root, path, flags, mode, resolve) {
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                result => return result.at(path),
            }
        }
        Err(Error::new(Errno::EAGAIN).with_path(path).with_detail("its folders are being renamed all the time"))
    }

    /// The folder that holds the last component, opened, and that component's name.
    pub fn parent(&self) -> Result<(Folder<'_>, &str)> {
        let (folder, name) = split(self.path);
        if name.is_empty() || name == "." || name == ".." {
            return Err(Error::new(Errno::EINVAL).with_path(self.path).with_detail("it names no entry of a folder"));
        }
        if let (Some(root), "." | "/") = (self.root, folder) {
            // The root itself: nothing is to be looked up.
            return Ok((Folder::Root(root), name));
        }
        Ok((Folder::Opened(self.open_path(folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?), name))
    }

    /// As `parent`, but a link in the last place is followed.
    pub fn follow(&self) -> Result<(OwnedFd, String)> {
        let mut path = self.path.to_owned();
        for _ in 0..MOST_LINKS {
            let place = Place { root: self.root, path: &path };
            let (folder, name) = place.parent()?;
            let Ok(target) = rustix::fs::readlinkat(&folder, name, Vec::new()) else {
                return Ok((folder.into_owned().at(self.path)?, name.to_owned()));
            };
            let target = target.to_string_lossy();
            path =
                if target.starts_with('/') { target.into_owned() } else { format!("{}/{target}", place.above().path) };
        }
        Err(Error::new(Errno::ELOOP).with_path(self.path))
    }

    /// The folder that holds it; the root itself has none and is its own.
    pub fn above(&self) -> Place<'_> {
        Place { path: split(self.path).0, ..*self }
    }

    /// Opens the folder, making it and its parents (mode 0755) where they are missing. Errors:
    /// ENOTDIR when something else is there, ENOENT for a link that leads nowhere.
    pub fn make_dirs(&self) -> Result<OwnedFd> {
        let absent = match self.open_dir() {
            Err(e) if e.errno == Errno::ENOENT => e,
            result => return result,
        };
        let (above, name) = (self.above(), split(self.path).1);
        if above.path == self.path {
            return Err(absent);
        }
        drop(above.make_dirs()?);
        if name == "." || name == ".." {
            return self.open_dir();
        }
        match self.make_dir(0o755) {
            // Another process made it meanwhile, or it is a link that leads nowhere: open tells.
            Err(e) if e.errno == Errno::EEXIST => self.open_dir().map_err(dangling),
            made => made.and_then(|()| self.open_dir()),
        }
    }

    fn open_dir(&self) -> Result<OwnedFd> {
        let opened = self.open_with(OFlags::PATH | OFlags::DIRECTORY);
        opened.map_err(|e| if e.errno == Errno::ENOTDIR { e.with_detail("a part of it is no folder") } else { e })
    }

    /// Makes the folder with exactly this mode.
    pub fn make_dir(&self, mode: u32) -> Result<()> {
        let (folder, name) = self.parent()?;
        let mode = Mode::from_raw_mode(mode);
        without_umask(|| rustix::fs::mkdirat(&folder, name, mode)).at(self.path)?;
        if mode.intersects(Mode::SUID | Mode::SGID) {
            // mkdir(2) leaves these two away. The descriptor is a folder's, never a link's.
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let made = rustix::fs::openat(&folder, name, flags, Mode::empty()).at(self.path)?;
            rustix::fs::fchmod(&made, mode).at(self.path)?;
        }
        Ok(())
    }

    /// Opens the file, making it empty (mode 0644, never through a link) where it is missing.
    pub fn make_file(&self) -> Result<OwnedFd> {
        match self.open() {
            Err(e) if e.errno == Errno::ENOENT => {}
            result => return result,
        }
        drop(self.above().make_dirs()?);
        let (folder, name) = self.parent()?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match without_umask(|| rustix::fs::openat(&folder, name, flags, Mode::from_raw_mode(0o644))) {
            Ok(_) => self.open(),
            Err(rustix::io::Errno::EXIST) => self.open().map_err(dangling),
            Err(e) => Err(e).at(self.path),
        }
    }
}

/// A path without its last component, and that component: "." stands for no folder named.
fn split(path: &str) -> (&str, &str) {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((above, name)) => (above, name),
        None if trimmed.is_empty() => (path, ""),
        None => (".", trimmed),
    }
}

fn dangling(error: Error) -> Error {
    if error.errno == Errno::ENOENT { error.with_detail("a link that leads nowhere") } else { error }
}

/// Runs `f` with the umask off: what it makes has exactly the mode that was asked. A chmod
/// afterwards would go by the name, which may by then be a link that someone else put there.
pub fn without_umask<R>(f: impl FnOnce() -> R) -> R {
    let umask = rustix::process::umask(Mode::empty());
    let made = f();
    rustix::process::umask(umask);
    made
}

/// Opens a folder to be a root: O_PATH, and ENOTDIR with a clear word when it is a file.
pub fn open_root(path: &str) -> Result<OwnedFd> {
    match rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) {
        Err(rustix::io::Errno::NOTDIR) => {
            Err(Error::new(Errno::ENOTDIR).with_path(path).with_detail("it is a file, not a folder"))
        }
        result => Ok(result.at(path)?),
    }
}

/// Whether the descriptor is a folder.
pub fn is_dir(fd: BorrowedFd<'_>) -> Result<bool> {
    let stat = rustix::fs::fstat(fd.as_fd())?;
    Ok(rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir())
}
