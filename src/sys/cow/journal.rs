//! The journal of `apply`: the step that is in progress, in a file that is written in place. A new file is made under a
//! temporary name, and then exchanged with the old one, which is compared with what was seen before it is removed. After a
//! kill at any moment, the journal tells what the temporary name is: the new file, or the old one.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, openat, renameat_with, unlinkat};

use super::compare::is_same;
use super::folder::Folder;
use super::records::{append, item};
use super::seen::{DIRECTORY, Seen, look, open_below};
use crate::sys::Result;
use crate::sys::copy::split;
use crate::sys::path::Place;
use crate::sys::tree::remove_tree;

/// How far a step has come.
#[derive(Clone, Copy, PartialEq)]
pub enum State {
    /// The temporary name is used for a new file.
    Making = 1,
    /// It is, or has become, the name of the old file, which is not verified yet.
    Swapping = 2,
    /// It is the name of the old file, which is removed.
    Verified = 3,
}

/// The file.
pub struct Journal {
    file: File,
}

/// A step: the file at `path` is replaced through the temporary name.
pub struct Step<'a> {
    pub path: &'a [u8],
    pub temporary: &'a [u8],
    /// The inode of the new file; 0 when the old one is only removed.
    pub new: u64,
    pub old: Option<Seen>,
}

/// A step that was read.
struct Last {
    state: State,
    path: Vec<u8>,
    temporary: Vec<u8>,
    new: u64,
    old: Option<Seen>,
}

impl Journal {
    pub fn open(place: &OwnedFd) -> Result<Journal> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Journal { file: File::from(openat(place, "journal", flags, Mode::RUSR | Mode::WUSR)?) })
    }

    #[expect(clippy::cast_possible_wrap)]
    pub fn put(&self, state: State, step: &Step<'_>) -> Result<()> {
        let mut fields = vec![state as i64, step.new as i64];
        if let Some(old) = step.old {
            let kind = i64::from(FileType::as_raw_mode(old.kind));
            fields.extend([kind, old.mode.into(), old.uid.into(), old.gid.into(), old.size as i64]);
            fields.extend([old.dev as i64, old.ino as i64, old.links as i64, old.mtime.0, old.mtime.1]);
        }
        let text = [item(&fields, step.temporary), item(&[], step.path)].concat();
        Ok(self.file.write_all_at(&text, 0)?)
    }

    pub fn clear(&self) -> Result<()> {
        Ok(self.file.set_len(0)?)
    }

    /// The last step.
    #[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation)]
    fn last(&mut self) -> Result<Option<Last>> {
        let mut text = Vec::new();
        self.file.read_to_end(&mut text)?;
        let parts: Vec<&[u8]> = text.split(|byte| *byte == 0).collect();
        let [head, temporary, _, path, ..] = parts[..] else { return Ok(None) };
        let fields: Vec<i64> = String::from_utf8_lossy(head).split(' ').filter_map(|word| word.parse().ok()).collect();
        let state = match fields.first() {
            Some(1) => State::Making,
            Some(2) => State::Swapping,
            Some(3) => State::Verified,
            _ => return Ok(None),
        };
        let old = fields.get(2..12).map(|f| Seen {
            kind: FileType::from_raw_mode(f[0] as u32),
            mode: f[1] as u32,
            uid: f[2] as u32,
            gid: f[3] as u32,
            size: f[4] as u64,
            dev: f[5] as u64,
            ino: f[6] as u64,
            links: f[7] as u64,
            rdev: 0,
            blocks: 0,
            mtime: (f[8], f[9]),
            ctime: (0, 0),
        });
        let new = fields.get(1).copied().unwrap_or(0) as u64;
        Ok(Some(Last { state, path: path.to_vec(), temporary: temporary.to_vec(), new, old }))
    }
}

/// Removes what has the temporary name.
pub fn discard(parent: BorrowedFd<'_>, temporary: &[u8]) -> Result<()> {
    match unlinkat(parent, temporary, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(rustix::io::Errno::ISDIR) => {
            remove_tree(Place { root: Some(parent), path: Path::new(OsStr::from_bytes(temporary)) })
        }
        Err(e) => Err(e.into()),
    }
}

impl Folder {
    /// Completes or undoes the step of an `apply` that was killed.
    pub fn recover(&mut self) -> Result<()> {
        let mut journal = Journal::open(&self.place)?;
        let Some(last) = journal.last()? else { return Ok(()) };
        let (above, name) = split(&last.path);
        // Without its directory, there is nothing to complete.
        if let Ok(parent) = open_below(&self.lower, above, DIRECTORY) {
            self.complete(parent.as_fd(), name, &last)?;
        }
        journal.clear()
    }

    fn complete(&mut self, parent: BorrowedFd<'_>, name: &[u8], last: &Last) -> Result<()> {
        let Last { state, path, temporary, new, old } = last;
        let Some(there) = look(parent, temporary)? else { return Ok(()) };
        let Some(old) = old else { return discard(parent, temporary) };
        if *state != State::Swapping || there.ino == *new {
            return discard(parent, temporary);
        }
        if !is_same(&there, old) || there.is_dir() && self.changed_below(parent, temporary, path)?.is_some() {
            return put_back(parent, name, temporary, *new);
        }
        self.relink(old, &mut append(&self.place, "touched")?)?;
        discard(parent, temporary)
    }
}

impl Folder {
    /// Records that a hard-linked file loses a name, before it does: its other names show that as a change.
    #[expect(clippy::cast_possible_wrap)]
    pub(super) fn relink(&mut self, old: &Seen, touched: &mut File) -> Result<()> {
        if !old.is_dir() && old.links > 1 && self.records.relinked.insert(old.ino) {
            touched.write_all(&item(&[old.ino as i64], b""))?;
        }
        Ok(())
    }
}

/// Gives the old file, which has the temporary name, its name again.
pub fn put_back(parent: BorrowedFd<'_>, name: &[u8], temporary: &[u8], new: u64) -> Result<()> {
    if new == 0 {
        // If another file has its name by now, both are kept.
        return match renameat_with(parent, temporary, parent, name, RenameFlags::NOREPLACE) {
            Err(rustix::io::Errno::EXIST) => Ok(()),
            renamed => Ok(renamed?),
        };
    }
    if look(parent, name)?.is_some_and(|now| now.ino == new) {
        renameat_with(parent, temporary, parent, name, RenameFlags::EXCHANGE)?;
        return discard(parent, temporary);
    }
    Ok(())
}
