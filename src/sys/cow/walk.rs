//! Walks the upper directory together with the folder below it. Directories are opened by their path from the top, so that
//! the depth of a tree, which the container chooses, takes neither stack nor descriptors.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Dir, FileType};

use super::folder::Folder;
use super::seen::{DIRECTORY, LONGEST, Seen, look, open_below, seen};
use crate::sys::copy::join;
use crate::sys::{Context, Result, interrupt};

/// A directory of the walk.
pub struct Level {
    /// Its path, empty for the top.
    pub path: Vec<u8>,
    pub upper: OwnedFd,
    /// The directory of the folder; none if there is none.
    pub lower: Option<OwnedFd>,
    /// Whether the directory of the folder has changed since the start.
    pub changed: bool,
}

/// What happens at each entry.
pub trait Visitor {
    /// Takes an entry; whether to enter a directory.
    fn entry(&mut self, folder: &mut Folder, level: &Level, name: &[u8], up: &Seen) -> Result<bool>;
    /// Takes an entry of the folder that an opaque directory hides.
    fn hidden(&mut self, folder: &mut Folder, level: &Level, name: &[u8]) -> Result<()>;
    /// Takes a directory that cannot be entered.
    fn closed(&mut self, path: Vec<u8>, why: &str);
    /// Whether only directories are wanted.
    fn only_dirs(&self) -> bool {
        false
    }
    /// Whether nothing more is wanted.
    fn done(&self) -> bool {
        false
    }
}

/// The names in a directory, sorted.
pub fn entries(folder: impl AsFd) -> Result<Vec<Vec<u8>>> {
    Ok(typed(folder)?.into_iter().map(|(name, _)| name).collect())
}

/// The names in a directory, sorted, with their types, as far as the file system tells them.
fn typed(folder: impl AsFd) -> Result<Vec<(Vec<u8>, FileType)>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = match entry {
            // The directory was removed.
            Err(rustix::io::Errno::NOENT) => break,
            read => read?,
        };
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push((name.to_vec(), entry.file_type()));
        }
    }
    names.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(names)
}

impl Folder {
    /// Opens a directory of the walk; none, with the reason, if that is impossible.
    fn level(&self, path: &[u8]) -> Result<std::result::Result<Level, &'static str>> {
        let upper = match open_below(&self.upper, path, DIRECTORY) {
            // The container still runs.
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => {
                return Ok(Err("it was replaced meanwhile"));
            }
            opened => opened.at(OsStr::from_bytes(path))?,
        };
        let lower = match open_below(&self.lower, path, DIRECTORY) {
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => None,
            Err(rustix::io::Errno::XDEV) => return Ok(Err("a file system is mounted there on the host")),
            opened => Some(opened.at(OsStr::from_bytes(path))?),
        };
        let changed = match &lower {
            Some(lower) => !self.records.touched.contains(path) && self.records.changed(path, &seen(lower)?),
            None => false,
        };
        Ok(Ok(Level { path: path.to_vec(), upper, lower, changed }))
    }

    /// Whether the directory of a level hides what the folder has there.
    pub(super) fn is_opaque(&self, level: &Level) -> Result<bool> {
        if level.path.is_empty() {
            return Ok(false);
        }
        let name = format!("{}opaque", self.records.prefix);
        let mut buffer = Vec::new();
        Ok(super::attributes::value(&level.upper, name.as_bytes(), &mut buffer)? == Some(b"y"))
    }

    /// Visits every entry, a directory before what is in it.
    pub(super) fn walk(&mut self, visitor: &mut dyn Visitor) -> Result<()> {
        let mut left = vec![Vec::new()];
        while let Some(path) = left.pop() {
            let mut level = match self.level(&path)? {
                Ok(level) => level,
                Err(why) => {
                    visitor.closed(path, why);
                    continue;
                }
            };
            let names = typed(&level.upper)?;
            let opaque = self.is_opaque(&level)?;
            if opaque {
                // What is in it was never on the host.
                level.changed = false;
                for name in level.lower.as_ref().map(entries).transpose()?.unwrap_or_default() {
                    if names.binary_search_by(|(own, _)| own.cmp(&name)).is_err() {
                        visitor.hidden(self, &level, &name)?;
                    }
                }
            }
            let first = left.len();
            for (name, kind) in names {
                interrupt::check()?;
                if visitor.only_dirs() && !matches!(kind, FileType::Directory | FileType::Unknown) {
                    continue;
                }
                if visitor.done() {
                    return Ok(());
                }
                let Some(up) = look(&level.upper, &name)? else { continue };
                let here = join(&path, &name);
                if here.len() > LONGEST {
                    visitor.closed(here, "its path is too long");
                } else if visitor.entry(self, &level, &name, &up)? {
                    left.push(here);
                }
            }
            left[first..].reverse();
        }
        Ok(())
    }
}
