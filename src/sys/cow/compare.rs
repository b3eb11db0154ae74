//! What an entry of the upper directory means for the folder below it.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{FileType, OFlags, readlinkat};

use super::attributes;
use super::folder::Folder;
use super::seen::{DIRECTORY, Seen, look, open_below, word};
use super::walk::{Level, entries};
use crate::sys::copy::join;
use crate::sys::{Result, interrupt};

/// How a path changes.
#[derive(Clone, Copy, PartialEq)]
pub enum What {
    Added,
    Changed,
    Deleted,
    /// By a file of another type.
    Replaced,
}

impl What {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            What::Added => "added",
            What::Changed => "changed",
            What::Deleted => "deleted",
            What::Replaced => "replaced",
        }
    }
}

/// The meaning of an entry.
pub enum Verdict {
    /// The folder has the same.
    Same,
    /// It is never applied: why.
    Skip(String),
    /// What changes; the entry of the folder, and why it is not overwritten.
    Change { what: What, old: Option<Seen>, conflict: Option<String> },
}

const CHANGED: &str = "it changed on the host meanwhile";
const BUFFER: usize = 64 << 10;

impl Folder {
    /// Judges the entry `up` of a directory.
    pub(super) fn judge(&self, level: &Level, name: &[u8], up: &Seen) -> Result<Verdict> {
        let old = level.lower.as_ref().map(|lower| look(lower, name)).transpose()?.flatten();
        let path = join(&level.path, name);
        if up.is_whiteout() {
            let Some(old) = old else { return Ok(Verdict::Same) };
            let conflict = self.changed_tree(level, &path, name, &old)?;
            return Ok(Verdict::Change { what: What::Deleted, old: Some(old), conflict });
        }
        if !matches!(up.kind, FileType::RegularFile | FileType::Directory | FileType::Symlink) {
            return Ok(Verdict::Skip(format!("a {}", word(up.kind))));
        }
        let Some(old) = old else {
            // A renamed file keeps the mark of its origin too, so the directory must have changed as well.
            let gone = level.changed && self.mark(level.upper.as_fd(), name, "origin")?.is_some();
            let conflict = gone.then(|| "it was deleted or its directory changed on the host meanwhile".to_owned());
            return Ok(Verdict::Change { what: What::Added, old: None, conflict });
        };
        if old.kind != up.kind {
            let conflict = self.changed_tree(level, &path, name, &old)?;
            return Ok(Verdict::Change { what: What::Replaced, old: Some(old), conflict });
        }
        if let Some(lower) = &level.lower
            && same(level.upper.as_fd(), lower.as_fd(), name, up, &old)?
        {
            return Ok(Verdict::Same);
        }
        // An `apply` that was killed may have changed a part of what is set of a directory.
        let ours = up.is_dir() && self.records.touched.contains(&path);
        let conflict = (!ours && self.records.changed(&path, &old)).then(|| CHANGED.to_owned());
        Ok(Verdict::Change { what: What::Changed, old: Some(old), conflict })
    }

    /// An attribute of the overlay's.
    pub(super) fn mark(&self, upper: BorrowedFd<'_>, name: &[u8], mark: &str) -> Result<Option<Vec<u8>>> {
        let held = open_below(upper, name, OFlags::PATH)?;
        let mut buffer = Vec::new();
        let name = format!("{}{mark}", self.records.prefix);
        Ok(attributes::value(&held, name.as_bytes(), &mut buffer)?.map(<[u8]>::to_vec))
    }

    /// Why an entry of the folder is not removed: it or something in it has changed.
    pub(super) fn changed_tree(&self, level: &Level, path: &[u8], name: &[u8], old: &Seen) -> Result<Option<String>> {
        let Some(lower) = &level.lower else { return Ok(None) };
        if self.records.changed(path, old) {
            return Ok(Some(CHANGED.to_owned()));
        }
        if old.is_dir() { self.changed_below(lower.as_fd(), name, path) } else { Ok(None) }
    }

    /// Like `changed_tree`, for what is in a directory.
    pub(super) fn changed_below(&self, above: BorrowedFd<'_>, name: &[u8], path: &[u8]) -> Result<Option<String>> {
        let mut left = vec![Vec::new()];
        let top = match open_below(above, name, DIRECTORY) {
            Err(rustix::io::Errno::XDEV) => return Ok(Some("a file system is mounted on it".to_owned())),
            opened => opened?,
        };
        while let Some(below) = left.pop() {
            interrupt::check()?;
            let fd: OwnedFd = match open_below(&top, &below, DIRECTORY) {
                Err(rustix::io::Errno::XDEV) => return Ok(Some("a file system is mounted in it".to_owned())),
                Err(rustix::io::Errno::NAMETOOLONG) => return Ok(Some("it is too deep".to_owned())),
                opened => opened?,
            };
            for name in entries(&fd)? {
                let Some(now) = look(&fd, &name)? else { continue };
                let here = join(&below, &name);
                if self.records.changed(&join(path, &here), &now) {
                    return Ok(Some(format!("{} in it changed on the host meanwhile", String::from_utf8_lossy(&here))));
                }
                if now.is_dir() {
                    left.push(here);
                }
            }
        }
        Ok(None)
    }
}

/// Whether two entries of the same name and type are the same.
fn same(upper: BorrowedFd<'_>, lower: BorrowedFd<'_>, name: &[u8], up: &Seen, old: &Seen) -> Result<bool> {
    if (up.mode, up.uid, up.gid) != (old.mode, old.uid, old.gid) {
        return Ok(false);
    }
    if !up.is_dir() && (up.size, up.mtime) != (old.size, old.mtime) {
        return Ok(false);
    }
    if up.kind == FileType::Symlink {
        return Ok(readlinkat(upper, name, Vec::new())? == readlinkat(lower, name, Vec::new())?);
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let ours = open_below(upper, name, flags)?;
    let theirs = match open_below(lower, name, flags) {
        // A file system is mounted on it: its content is not the folder's.
        Err(rustix::io::Errno::XDEV) => return Ok(false),
        opened => opened?,
    };
    if !attributes::same(&ours, &theirs)? {
        return Ok(false);
    }
    if up.is_dir() { Ok(true) } else { same_content(&File::from(ours), &File::from(theirs), up.size) }
}

fn same_content(a: &File, b: &File, size: u64) -> Result<bool> {
    let (mut first, mut second) = (vec![0; BUFFER], vec![0; BUFFER]);
    let mut at = 0;
    while at < size {
        interrupt::check()?;
        // The holes of a large sparse file are not read.
        let next = data(a, at, size).min(data(b, at, size));
        if next > at {
            at = next;
            continue;
        }
        let part = usize::try_from(size - at).map_or(BUFFER, |left| left.min(BUFFER));
        if a.read_exact_at(&mut first[..part], at).is_err() || b.read_exact_at(&mut second[..part], at).is_err() {
            return Ok(false);
        }
        if first[..part] != second[..part] {
            return Ok(false);
        }
        at += part as u64;
    }
    Ok(true)
}

/// Where the next data of a file begins.
fn data(file: &File, at: u64, size: u64) -> u64 {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
        Ok(begin) => begin.min(size),
        Err(rustix::io::Errno::NXIO) => size,
        Err(_) => at,
    }
}

/// Whether a file, found again, is the one that was seen: a rename changes the time of its last change.
pub(super) fn is_same(now: &Seen, old: &Seen) -> bool {
    (now.ino, now.kind, now.mode, now.uid, now.gid) == (old.ino, old.kind, old.mode, old.uid, old.gid)
        && now.mtime == old.mtime
        && (now.is_dir() || now.size == old.size)
}
