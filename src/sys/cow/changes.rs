//! Lists the changes of a copy-on-write folder.

use rustix::fs::{FileType, OFlags, readlinkat};

use super::attributes;
use super::compare::{Verdict, What};
use super::folder::Folder;
use super::seen::{Seen, look, open_below, word};
use super::walk::{Level, Visitor};
use crate::sys::Result;
use crate::sys::copy::join;

/// One change.
pub struct Change {
    /// The path below the folder.
    pub path: Vec<u8>,
    /// "added", "changed", "deleted", "replaced" (by a file of another type), or "skipped".
    pub change: &'static str,
    /// The type of the file: "file", "dir" or "link"; of a deleted one, its old type.
    pub kind: &'static str,
    /// The type of a replaced file.
    pub was: Option<&'static str>,
    /// The permission bits.
    pub mode: u32,
    /// The permission bits of the file of the host.
    pub old_mode: Option<u32>,
    /// Bytes of a file.
    pub size: u64,
    /// The target of a link.
    pub target: Option<Vec<u8>>,
    /// Whether a file has capabilities (capabilities(7)).
    pub capable: bool,
    /// How many names a file of the host has.
    pub links: u64,
    /// Why it is not applied.
    pub conflict: Option<String>,
}

/// The changes, parents before their content.
pub struct Listed {
    /// The changes.
    pub rows: Vec<Change>,
    most: usize,
    counted: usize,
}

impl Folder {
    /// Lists the changes, at most `most` that could be applied.
    pub fn changes(&mut self, most: usize) -> Result<Listed> {
        let mut listed = Listed { rows: Vec::new(), most, counted: 0 };
        self.walk(&mut listed)?;
        Ok(listed)
    }
}

impl Listed {
    fn add(&mut self, row: Change) {
        self.counted += usize::from(row.change != "skipped");
        self.rows.push(row);
    }

    fn skip(&mut self, path: Vec<u8>, kind: FileType, why: String) {
        let (change, kind, conflict) = ("skipped", word(kind), Some(why));
        let (was, target, old_mode) = (None, None, None);
        self.rows.push(Change {
            path,
            change,
            kind,
            was,
            mode: 0,
            old_mode,
            size: 0,
            target,
            capable: false,
            links: 0,
            conflict,
        });
    }
}

impl Visitor for Listed {
    fn done(&self) -> bool {
        self.counted >= self.most
    }

    fn entry(&mut self, folder: &mut Folder, level: &Level, name: &[u8], up: &Seen) -> Result<bool> {
        let path = join(&level.path, name);
        // What a running container removes meanwhile is no change.
        let judged = match folder.judge(level, name, up) {
            Err(e) if e.errno == nix::errno::Errno::ENOENT => return Ok(false),
            judged => judged?,
        };
        let (what, old, conflict) = match judged {
            Verdict::Same => return Ok(up.is_dir()),
            Verdict::Skip(why) => {
                self.skip(path, up.kind, why);
                return Ok(false);
            }
            Verdict::Change { what, old, conflict } => (what, old, conflict),
        };
        let deleted = what == What::Deleted;
        let shown = old.filter(|_| deleted).unwrap_or(*up);
        let link = shown.kind == FileType::Symlink && !deleted;
        let target =
            if link { readlinkat(&level.upper, name, Vec::new()).ok().map(|text| text.into_bytes()) } else { None };
        let file = shown.kind == FileType::RegularFile;
        let capable = file && !deleted && {
            let held = open_below(&level.upper, name, OFlags::PATH).ok();
            held.is_some_and(|fd| attributes::has(&fd, attributes::CAPABILITY))
        };
        self.add(Change {
            path,
            change: what.word(),
            kind: word(shown.kind),
            was: old.filter(|_| what == What::Replaced).map(|old| word(old.kind)),
            mode: shown.mode,
            old_mode: old.map(|old| old.mode),
            size: if file { shown.size } else { 0 },
            target,
            capable,
            links: old.filter(|old| !old.is_dir()).map_or(0, |old| old.links),
            conflict,
        });
        Ok(up.is_dir())
    }

    fn hidden(&mut self, folder: &mut Folder, level: &Level, name: &[u8]) -> Result<()> {
        let Some(old) = level.lower.as_ref().map(|lower| look(lower, name)).transpose()?.flatten() else {
            return Ok(());
        };
        let path = join(&level.path, name);
        let conflict = folder.changed_tree(level, &path, name, &old)?;
        self.add(Change {
            path,
            change: What::Deleted.word(),
            kind: word(old.kind),
            was: None,
            mode: old.mode,
            old_mode: Some(old.mode),
            size: if old.kind == FileType::RegularFile { old.size } else { 0 },
            target: None,
            capable: false,
            links: if old.is_dir() { 0 } else { old.links },
            conflict,
        });
        Ok(())
    }

    fn closed(&mut self, path: Vec<u8>, why: &str) {
        self.skip(path, FileType::Directory, why.to_owned());
    }
}
