//! Discards changes of a copy-on-write folder, and takes apart opaque directories.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use rustix::fs::{FileType, Mode, XattrFlags, fremovexattr, fsetxattr, futimens, mknodat};

use super::attributes;
use super::folder::Folder;
use super::install::times;
use super::seen::{DIRECTORY, Seen, look, open_below, seen};
use super::walk::{Level, Visitor, entries};
use crate::sys::path::Place;
use crate::sys::tree::remove_tree;
use crate::sys::{Context, Error, Result};

/// The attribute with the time of a directory.
const KEPT: &str = "tinylua.time";

/// Finds the opaque directories, and makes a whiteout for each entry of the folder that they hide.
struct Expander {
    opaque: Vec<Vec<u8>>,
}

impl Visitor for Expander {
    fn only_dirs(&self) -> bool {
        true
    }

    fn entry(&mut self, folder: &mut Folder, level: &Level, name: &[u8], up: &Seen) -> Result<bool> {
        if up.is_dir()
            && level
                .lower
                .as_ref()
                .map(|lower| look(lower, name))
                .transpose()?
                .flatten()
                .is_some_and(|old| old.is_dir())
        {
            let marked = folder.mark(level.upper.as_fd(), name, "opaque")?;
            if marked.as_deref() == Some(b"y") {
                self.opaque.push(crate::sys::copy::join(&level.path, name));
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn hidden(&mut self, folder: &mut Folder, level: &Level, name: &[u8]) -> Result<()> {
        folder.keep_time(level.upper.as_fd())?;
        match mknodat(&level.upper, name, FileType::CharacterDevice, Mode::empty(), 0) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    fn closed(&mut self, _: Vec<u8>, _: &str) {}
}

impl Folder {
    /// Makes ordinary directories of the opaque ones that hide a directory of the host, so that a part of what is in them can
    /// be applied or discarded: what they hide becomes removals.
    pub(super) fn expand(&mut self) -> Result<()> {
        let mut expander = Expander { opaque: Vec::new() };
        self.walk(&mut expander)?;
        for path in expander.opaque {
            let fd = open_below(&self.upper, &path, DIRECTORY)?;
            self.restore_time(fd.as_fd())?;
            self.remove_mark(fd.as_fd(), "opaque")?;
        }
        Ok(())
    }

    /// Keeps the time of a directory, which is applied too, in an attribute while whiteouts are made in it.
    fn keep_time(&self, fd: BorrowedFd<'_>) -> Result<()> {
        let (seconds, nanoseconds) = seen(fd)?.mtime;
        let name = format!("{}{KEPT}", self.records.prefix);
        match fsetxattr(fd, name, format!("{seconds} {nanoseconds}").as_bytes(), XattrFlags::CREATE) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    fn restore_time(&self, fd: BorrowedFd<'_>) -> Result<()> {
        let name = format!("{}{KEPT}", self.records.prefix);
        let mut buffer = Vec::new();
        let Some(text) = attributes::value(fd, name.as_bytes(), &mut buffer)? else { return Ok(()) };
        let text = String::from_utf8_lossy(text).into_owned();
        let mut numbers = text.split(' ').filter_map(|word| word.parse().ok());
        if let (Some(seconds), Some(nanoseconds)) = (numbers.next(), numbers.next()) {
            futimens(fd, &times((seconds, nanoseconds)))?;
        }
        self.remove_mark(fd, KEPT)
    }

    fn remove_mark(&self, fd: BorrowedFd<'_>, mark: &str) -> Result<()> {
        match fremovexattr(fd, format!("{}{mark}", self.records.prefix)) {
            Ok(()) | Err(rustix::io::Errno::NODATA) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// Makes an ordinary directory of a new one, which the host has by now.
    pub(super) fn unmark(&self, level: &Level, name: &[u8]) -> Result<()> {
        let fd = open_below(&level.upper, name, DIRECTORY)?;
        self.remove_mark(fd.as_fd(), "opaque")
    }

    /// Discards the changes at and below these paths; all without a list.
    pub fn discard(&mut self, paths: Option<&[Vec<u8>]>) -> Result<()> {
        self.recover()?;
        let all;
        let paths = match paths {
            Some(paths) => {
                self.expand()?;
                paths
            }
            None => {
                all = entries(&self.upper)?;
                &all
            }
        };
        for path in paths {
            let place = Place { root: Some(self.upper.as_fd()), path: Path::new(OsStr::from_bytes(path)) };
            if path.split(|byte| *byte == b'/').any(|name| matches!(name, b"" | b"." | b"..")) {
                return Err(Error::new(Errno::EINVAL)
                    .with_path(place.path)
                    .with_detail("it is not the path of a change"));
            }
            match remove_tree(place) {
                Err(e) if e.errno != Errno::ENOENT => return Err(e).at(place.path),
                _ => {}
            }
        }
        Ok(())
    }
}
