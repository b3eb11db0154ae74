//! Changes one file of the host. A new file is made under a temporary name in its directory. It gets its name only if there
//! is no file of that name, or in exchange for the old one (renameat2(2)). The old one is removed once it is found to be the
//! file that was judged, and is given its name again otherwise: what others write meanwhile is not lost.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, RenameFlags, Timespec, Timestamps, UTIME_OMIT, Uid, chownat, fchmod,
    fchown, futimens, linkat, mkdirat, openat, readlinkat, renameat, renameat_with, symlinkat, utimensat,
};

use super::attributes;
use super::compare::is_same;
use super::folder::Folder;
use super::journal::{Journal, State, Step, discard, put_back};
use super::records::{append, item};
use super::seen::{DIRECTORY, Seen, Time, look, open_below, seen};
use super::walk::Level;
use crate::sys::copy::{Data, Tally, content::fill, join};
use crate::sys::fs::random_hex;
use crate::sys::{Error, Result};

/// What installs files.
pub struct Installer<'a, 't> {
    pub journal: Journal,
    /// The record of what was begun, appended to.
    pub touched: File,
    /// The file on the host for each hard-linked file of the container: its path and inode.
    pub first: HashMap<(u64, u64), (Vec<u8>, u64)>,
    pub tally: &'a mut Tally<'t>,
}

/// Files up to this size are read and written at once.
const SMALL: u64 = 64 << 10;

const APPEARED: &str = "a file of this name was created on the host meanwhile";
const GONE: &str = "it was removed on the host meanwhile";
const CHANGED: &str = "it changed on the host meanwhile";

/// Times for utimensat(2): only the modification time.
pub fn times(mtime: Time) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: mtime.0, tv_nsec: mtime.1 },
    }
}

fn owner(of: &Seen) -> (Option<Uid>, Option<Gid>) {
    (Some(Uid::from_raw(of.uid)), Some(Gid::from_raw(of.gid)))
}

impl<'a, 't> Installer<'a, 't> {
    pub fn new(place: &OwnedFd, tally: &'a mut Tally<'t>) -> Result<Self> {
        let (journal, touched) = (Journal::open(place)?, append(place, "touched")?);
        Ok(Installer { journal, touched, first: HashMap::new(), tally })
    }

    /// Records that a directory is changed by this `apply`, if nobody else has changed it.
    pub fn touch(&mut self, folder: &mut Folder, path: &[u8]) -> Result<()> {
        if folder.records.touched.insert(path.to_vec()) {
            std::io::Write::write_all(&mut self.touched, &item(&[], path))?;
        }
        Ok(())
    }

    /// Replaces the entry of the folder by that of the upper directory; a conflict if it is not `old` any more.
    pub fn install(
        &mut self,
        folder: &mut Folder,
        level: &Level,
        name: &[u8],
        up: &Seen,
        old: Option<&Seen>,
    ) -> Result<Option<String>> {
        let Some(parent) = &level.lower else { return Ok(Some(GONE.to_owned())) };
        let parent = parent.as_fd();
        let path = join(&level.path, name);
        let temporary = format!(".tinylua-{}", random_hex(8)?).into_bytes();
        let step = Step { path: &path, temporary: &temporary, new: 0, old: None };
        self.journal.put(State::Making, &step)?;
        match up.kind {
            FileType::Directory => make_dir(level, name, up, parent, &temporary, self.tally)?,
            FileType::Symlink => make_link(level, name, up, parent, &temporary)?,
            _ => self.make_file(folder, level, name, up, parent, &temporary)?,
        }
        let Some(new) = look(parent, &temporary)? else { return Err(Error::new(Errno::ESTALE)) };
        let step = Step { new: new.ino, old: old.copied(), ..step };
        let conflict = match old {
            None => place_new(parent, name, &temporary)?,
            Some(old) => self.exchange(folder, parent, name, &step, old, &new)?,
        };
        if conflict.is_none() && up.links > 1 && !up.is_dir() {
            self.first.entry((up.dev, up.ino)).or_insert((path, new.ino));
        }
        Ok(conflict)
    }

    /// Removes an entry of the folder; a conflict if it is not `old` any more.
    pub fn remove(&mut self, folder: &mut Folder, level: &Level, name: &[u8], old: &Seen) -> Result<Option<String>> {
        let Some(parent) = &level.lower else { return Ok(None) };
        let parent = parent.as_fd();
        let path = join(&level.path, name);
        let temporary = format!(".tinylua-{}", random_hex(8)?).into_bytes();
        let step = Step { path: &path, temporary: &temporary, new: 0, old: Some(*old) };
        self.journal.put(State::Swapping, &step)?;
        match renameat_with(parent, name, parent, &temporary[..], RenameFlags::NOREPLACE) {
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            // A file system without this flag.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => renameat(parent, name, parent, &temporary[..])?,
            renamed => renamed?,
        }
        self.remove_old(folder, parent, name, &step, old)
    }

    fn exchange(
        &mut self,
        folder: &mut Folder,
        parent: BorrowedFd<'_>,
        name: &[u8],
        step: &Step<'_>,
        old: &Seen,
        new: &Seen,
    ) -> Result<Option<String>> {
        self.journal.put(State::Swapping, step)?;
        match renameat_with(parent, step.temporary, parent, name, RenameFlags::EXCHANGE) {
            Ok(()) => self.remove_old(folder, parent, name, step, old),
            Err(rustix::io::Errno::NOENT) => {
                discard(parent, step.temporary)?;
                Ok(Some(GONE.to_owned()))
            }
            // A file system that cannot exchange files, such as NFS: only a file replaces a file.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if !old.is_dir() && !new.is_dir() => {
                if !look(parent, name)?.is_some_and(|now| is_same(&now, old)) {
                    discard(parent, step.temporary)?;
                    return Ok(Some(CHANGED.to_owned()));
                }
                renameat(parent, step.temporary, parent, name)?;
                Ok(None)
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Removes the old file, which has the temporary name, if it is unchanged.
    fn remove_old(
        &mut self,
        folder: &mut Folder,
        parent: BorrowedFd<'_>,
        name: &[u8],
        step: &Step<'_>,
        old: &Seen,
    ) -> Result<Option<String>> {
        let Some(there) = look(parent, step.temporary)? else { return Ok(None) };
        let conflict = match is_same(&there, old) {
            false => Some(CHANGED.to_owned()),
            true if old.is_dir() => folder.changed_below(parent, step.temporary, step.path)?,
            true => None,
        };
        if conflict.is_some() {
            put_back(parent, name, step.temporary, step.new)?;
            return Ok(conflict);
        }
        folder.relink(old, &mut self.touched)?;
        self.journal.put(State::Verified, step)?;
        discard(parent, step.temporary)?;
        Ok(None)
    }

    #[expect(clippy::cast_possible_truncation)]
    fn make_file(
        &mut self,
        folder: &Folder,
        level: &Level,
        name: &[u8],
        up: &Seen,
        parent: BorrowedFd<'_>,
        temporary: &[u8],
    ) -> Result<()> {
        if up.links > 1 && self.link_first(folder, up, parent, temporary)? {
            return Ok(());
        }
        let source = open_below(&level.upper, name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        let now = seen(&source)?;
        if (now.ino, now.kind) != (up.ino, up.kind) {
            return Err(Error::new(Errno::ESTALE).with_detail("it was replaced meanwhile"));
        }
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(parent, temporary, flags, Mode::RUSR | Mode::WUSR)?);
        let source = File::from(source);
        if up.size <= SMALL && up.is_dense() {
            // Most files: two system calls move the content.
            let mut content = vec![0; up.size as usize];
            source.read_exact_at(&mut content, 0)?;
            file.write_all_at(&content, 0)?;
            self.tally.add(up.size);
        } else {
            fill(&file, up.size, Data::File(&source), self.tally)?;
        }
        let (uid, gid) = owner(up);
        fchown(&file, uid, gid)?;
        self.tally.attributes += attributes::copy(&source, file.as_fd())?;
        fchmod(&file, Mode::from_raw_mode(up.mode))?;
        Ok(futimens(&file, &times(up.mtime))?)
    }

    /// Makes a hard link to the file on the host that is the same file in the container; false if that is impossible.
    fn link_first(&self, folder: &Folder, up: &Seen, parent: BorrowedFd<'_>, temporary: &[u8]) -> Result<bool> {
        let Some((path, ino)) = self.first.get(&(up.dev, up.ino)) else { return Ok(false) };
        let Ok(held) = open_below(&folder.lower, path, OFlags::PATH) else { return Ok(false) };
        if seen(&held)?.ino != *ino {
            return Ok(false);
        }
        let held = format!("/proc/self/fd/{}", held.as_raw_fd());
        Ok(linkat(CWD, held, parent, temporary, AtFlags::SYMLINK_FOLLOW).is_ok())
    }
}

/// Gives a new file its name.
fn place_new(parent: BorrowedFd<'_>, name: &[u8], temporary: &[u8]) -> Result<Option<String>> {
    match renameat_with(parent, temporary, parent, name, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::EXIST) => {}
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if look(parent, name)?.is_none() => {
            renameat(parent, temporary, parent, name)?;
            return Ok(None);
        }
        renamed => {
            renamed?;
            return Ok(None);
        }
    }
    discard(parent, temporary)?;
    Ok(Some(APPEARED.to_owned()))
}

fn make_link(level: &Level, name: &[u8], up: &Seen, parent: BorrowedFd<'_>, temporary: &[u8]) -> Result<()> {
    let target = readlinkat(&level.upper, name, Vec::new())?;
    symlinkat(&target, parent, temporary)?;
    let (uid, gid) = owner(up);
    chownat(parent, temporary, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(utimensat(parent, temporary, &times(up.mtime), AtFlags::SYMLINK_NOFOLLOW)?)
}

fn make_dir(
    level: &Level,
    name: &[u8],
    up: &Seen,
    parent: BorrowedFd<'_>,
    temporary: &[u8],
    tally: &mut Tally<'_>,
) -> Result<()> {
    mkdirat(parent, temporary, Mode::RWXU)?;
    let made = open_below(parent, temporary, DIRECTORY)?;
    dress(level, name, up, made.as_fd(), tally)
}

/// Gives a directory of the host the owner, attributes and mode of that in the upper directory.
pub fn dress(level: &Level, name: &[u8], up: &Seen, made: BorrowedFd<'_>, tally: &mut Tally<'_>) -> Result<()> {
    let source = open_below(&level.upper, name, DIRECTORY)?;
    let (uid, gid) = owner(up);
    fchown(made, uid, gid)?;
    tally.attributes += attributes::copy(&source, made)?;
    Ok(fchmod(made, Mode::from_raw_mode(up.mode))?)
}
