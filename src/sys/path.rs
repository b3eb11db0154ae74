//! Paths below a root, resolved once and by descriptor (openat2(2), RESOLVE_IN_ROOT): a link in a
//! container's tree never leads out of it, and what was checked is what is used. No string is
//! walked twice.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use super::{Context, Error, Result};

/// A place in a file tree: a path seen from `root`, or from the process's own root without one.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The root that links and `..` cannot leave.
    pub root: Option<BorrowedFd<'a>>,
    /// The path; a leading slash means the root.
    pub path: &'a str,
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

    fn open_path(&self, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        let Some(root) = self.root else {
            return Ok(rustix::fs::openat(CWD, path, flags, mode).at(path)?);
        };
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        loop {
            // EAGAIN: something was renamed during the walk and the kernel could not be sure.
            match openat2(root, path, flags, mode, resolve) {
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                result => return Ok(result.at(path)?),
            }
        }
    }

    /// The folder that holds the last component, opened, and that component's name.
    pub fn parent(&self) -> Result<(OwnedFd, &str)> {
        let trimmed = self.path.trim_end_matches('/');
        let (folder, name) = trimmed.rsplit_once('/').unwrap_or((".", trimmed));
        let folder = if folder.is_empty() { "/" } else { folder };
        if name.is_empty() || name == "." || name == ".." {
            return Err(Error::new(Errno::EINVAL).with_path(self.path).with_detail("it names no entry of a folder"));
        }
        Ok((self.open_path(folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?, name))
    }

    /// Opens the folder, making it and its parents (mode 0755) where they are missing.
    pub fn make_dirs(&self) -> Result<OwnedFd> {
        let absent = match self.open() {
            Ok(fd) => return Ok(fd),
            Err(e) if e.errno != Errno::ENOENT => return Err(e),
            Err(e) => e,
        };
        let trimmed = self.path.trim_end_matches('/');
        let above = Place {
            root: self.root,
            path: trimmed.rsplit_once('/').map_or(".", |(above, _)| if above.is_empty() { "/" } else { above }),
        };
        if above.path == trimmed || trimmed.is_empty() {
            return Err(absent);
        }
        drop(above.make_dirs()?);
        let (folder, name) = self.parent()?;
        match rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o755)) {
            // Another process made it meanwhile, or it is a link that leads nowhere: open tells.
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.open(),
            Err(e) => Err(e).at(self.path),
        }
    }

    /// Opens the file, making it empty (mode 0644, never through a link) where it is missing.
    pub fn make_file(&self) -> Result<OwnedFd> {
        match self.open() {
            Err(e) if e.errno == Errno::ENOENT => {}
            result => return result,
        }
        let trimmed = self.path.trim_end_matches('/');
        if let Some((above, _)) = trimmed.rsplit_once('/').filter(|(above, _)| !above.is_empty()) {
            drop(Place { root: self.root, path: above }.make_dirs()?);
        }
        let (folder, name) = self.parent()?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&folder, name, flags, Mode::from_raw_mode(0o644)) {
            Ok(_) | Err(rustix::io::Errno::EXIST) => self.open(),
            Err(e) => Err(e).at(self.path),
        }
    }
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
