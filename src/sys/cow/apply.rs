//! Applies the changes of a copy-on-write folder to the folder of the host. First, every change is made on the host; one that
//! was made before is found to be the same and left alone. Then the files are synced, and what was applied is removed from
//! the upper directory. So it can be killed at any moment and repeated.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use rustix::fs::{AtFlags, syncfs, unlinkat};

use super::compare::{Verdict, What};
use super::folder::Folder;
use super::install::{Installer, dress, times};
use super::seen::{DIRECTORY, Seen, Time, look, open_below, seen};
use super::walk::{Level, Visitor};
use crate::sys::Result;
use crate::sys::copy::{Tally, join, split};

/// A path, and why it was not applied.
pub type Reason = (Vec<u8>, String);

/// What an `apply` did.
#[derive(Default)]
pub struct Report {
    /// How many changes were made.
    pub applied: u64,
    /// What would overwrite changes that were made on the host meanwhile.
    pub conflicts: Vec<Reason>,
    /// What cannot be applied: devices, sockets, FIFOs and paths that are too long.
    pub skipped: Vec<Reason>,
    /// What the kernel refused.
    pub failed: Vec<Reason>,
}

/// A directory of the upper one.
struct Passed {
    path: Vec<u8>,
    mtime: Time,
    /// Whether it is removed when nothing is left in it.
    removable: bool,
}

struct Applier<'a, 't> {
    wanted: Option<&'a HashSet<Vec<u8>>>,
    installer: Installer<'a, 't>,
    report: Report,
    /// What is removed from the upper directory.
    done: Vec<Vec<u8>>,
    passed: Vec<Passed>,
    /// Whether something that was not wanted is left.
    left: bool,
}

/// Errors of one file, after which the others are still applied.
fn concerns_one(errno: Errno) -> bool {
    use Errno::*;
    matches!(
        errno,
        EPERM
            | EACCES
            | EBUSY
            | ETXTBSY
            | EXDEV
            | EOVERFLOW
            | ENAMETOOLONG
            | EISDIR
            | ENOTDIR
            | ENOENT
            | ESTALE
            | ELOOP
            | EMLINK
            | EINVAL
            | ENOTEMPTY
            | EEXIST
    )
}

impl Folder {
    /// Applies the changes whose paths are wanted; all without a list.
    pub fn apply(&mut self, wanted: Option<&HashSet<Vec<u8>>>, tally: &mut Tally<'_>) -> Result<Report> {
        self.recover()?;
        self.expand()?;
        let installer = Installer::new(&self.place, tally)?;
        let (report, done, passed) = Default::default();
        let mut applier = Applier { wanted, installer, report, done, passed, left: false };
        let walked = self.walk(&mut applier);
        if walked.is_err() {
            // Completes the step in which it failed.
            let _ = self.recover();
        }
        walked?;
        let Applier { installer, report, done, passed, left, .. } = applier;
        if report.applied > 0 {
            syncfs(&self.lower)?;
        }
        for folder in passed.iter().rev() {
            self.set_time(folder)?;
        }
        if left || !report.conflicts.is_empty() || !report.failed.is_empty() {
            self.keep_base(&installer, &done, &passed)?;
        }
        installer.journal.clear()?;
        // Removing files changes the times of their directories, which must not be set again after a kill.
        self.forget_touched()?;
        self.prune(&done, &passed)?;
        Ok(report)
    }

    fn forget_touched(&mut self) -> Result<()> {
        self.records.touched.clear();
        match unlinkat(&self.place, "touched", AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// Gives a directory of the host its time, since making its content has changed it.
    fn set_time(&self, folder: &Passed) -> Result<()> {
        if !self.records.touched.contains(&folder.path) {
            return Ok(());
        }
        let Ok(lower) = open_below(&self.lower, &folder.path, DIRECTORY) else { return Ok(()) };
        match rustix::fs::futimens(&lower, &times(folder.mtime)) {
            Ok(()) | Err(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// Records the state of what was applied, so that it is no conflict when the container changes it again.
    fn keep_base(&mut self, installer: &Installer<'_, '_>, done: &[Vec<u8>], passed: &[Passed]) -> Result<()> {
        let linked: Vec<&Vec<u8>> = installer.first.values().map(|(path, _)| path).collect();
        let touched: Vec<&Vec<u8>> =
            passed.iter().map(|p| &p.path).filter(|p| self.records.touched.contains(*p)).collect();
        let mut found = Vec::new();
        for path in touched.into_iter().chain(linked).chain(done) {
            let (above, name) = split(path);
            let Ok(parent) = open_below(&self.lower, above, DIRECTORY) else { continue };
            let now = if name.is_empty() { Some(seen(&parent)?) } else { look(&parent, name)? };
            found.extend(now.map(|now| (path.clone(), (now.ino, now.ctime))));
        }
        self.records.base.extend(found);
        self.records.settle(&self.place)
    }

    /// Removes what was applied from the upper directory.
    fn prune(&self, done: &[Vec<u8>], passed: &[Passed]) -> Result<()> {
        let mut last: Option<(&[u8], OwnedFd)> = None;
        let folders =
            passed.iter().rev().filter(|passed| passed.removable).map(|passed| (&passed.path, AtFlags::REMOVEDIR));
        for (path, how) in done.iter().map(|path| (path, AtFlags::empty())).chain(folders) {
            let (above, name) = split(path);
            if name.is_empty() {
                continue;
            }
            if last.as_ref().is_none_or(|(path, _)| *path != above) {
                last = Some((above, open_below(&self.upper, above, DIRECTORY)?));
            }
            let Some((_, parent)) = &last else { continue };
            match unlinkat(parent, name, how) {
                Ok(()) | Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTEMPTY | rustix::io::Errno::EXIST) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }
}

impl Applier<'_, '_> {
    fn pass(&mut self, path: Vec<u8>, up: &Seen, removable: bool) {
        self.passed.push(Passed { path, mtime: up.mtime, removable });
    }

    /// Makes one change; a conflict, if there is one.
    fn make(
        &mut self,
        folder: &mut Folder,
        level: &Level,
        name: &[u8],
        up: &Seen,
        (what, old): (What, Option<Seen>),
    ) -> Result<Option<String>> {
        let path = join(&level.path, name);
        if what == What::Deleted {
            return match old {
                Some(old) => self.installer.remove(folder, level, name, &old),
                None => Ok(None),
            };
        }
        if !up.is_dir() {
            return self.installer.install(folder, level, name, up, old.as_ref());
        }
        if what != What::Changed {
            // Recorded first: after a kill, its content and time are still to be made.
            self.installer.touch(folder, &path)?;
            let conflict = self.installer.install(folder, level, name, up, old.as_ref())?;
            match conflict {
                None => folder.unmark(level, name)?,
                Some(_) => drop(folder.records.touched.remove(&path)),
            }
            return Ok(conflict);
        }
        let Some(lower) = &level.lower else {
            return Ok(Some("its directory was removed on the host meanwhile".to_owned()));
        };
        let lower = open_below(lower, name, DIRECTORY)?;
        self.installer.touch(folder, &path)?;
        dress(level, name, up, lower.as_fd(), self.installer.tally)?;
        Ok(None)
    }
}

impl Visitor for Applier<'_, '_> {
    fn entry(&mut self, folder: &mut Folder, level: &Level, name: &[u8], up: &Seen) -> Result<bool> {
        if level.path.is_empty() && self.passed.is_empty() {
            let top = seen(&level.upper)?;
            self.pass(Vec::new(), &top, false);
        }
        let path = join(&level.path, name);
        let chosen = self.wanted.is_none_or(|wanted| wanted.contains(&path));
        let judged = folder.judge(level, name, up);
        let (what, old, conflict) = match judged {
            Ok(Verdict::Same) => {
                self.same(level, path, name, up)?;
                return Ok(up.is_dir());
            }
            Ok(Verdict::Skip(why)) => {
                self.report.skipped.push((path, why));
                return Ok(false);
            }
            Ok(Verdict::Change { what, old, conflict }) => (what, old, conflict),
            Err(e) if concerns_one(e.errno) => {
                self.report.failed.push((path, e.to_string()));
                return Ok(false);
            }
            Err(e) => return Err(e),
        };
        // A directory of both may have other changes in it.
        let enter = up.is_dir() && what == What::Changed;
        if !chosen || conflict.is_some() {
            self.left |= !chosen;
            if enter {
                self.pass(path.clone(), up, false);
            }
            if let (true, Some(why)) = (chosen, conflict) {
                self.report.conflicts.push((path, why));
            }
            return Ok(enter);
        }
        if !level.changed {
            self.installer.touch(folder, &level.path)?;
        }
        match self.make(folder, level, name, up, (what, old)) {
            Ok(None) => {
                self.report.applied += 1;
                if up.is_dir() {
                    self.pass(path, up, true)
                } else {
                    self.done.push(path)
                }
                Ok(up.is_dir())
            }
            Ok(Some(why)) => {
                self.report.conflicts.push((path, why));
                Ok(false)
            }
            Err(e) if concerns_one(e.errno) => {
                folder.recover()?;
                self.report.failed.push((path, e.to_string()));
                Ok(false)
            }
            Err(e) => Err(e.with_path(OsStr::from_bytes(&path))),
        }
    }

    fn hidden(&mut self, _: &mut Folder, _: &Level, _: &[u8]) -> Result<()> {
        // `expand` has made whiteouts of these; what appeared since then stays.
        Ok(())
    }

    fn closed(&mut self, path: Vec<u8>, why: &str) {
        self.report.skipped.push((path, why.to_owned()));
    }
}

impl Applier<'_, '_> {
    /// An entry that the host has too, such as one that an `apply` made before it was killed.
    fn same(&mut self, level: &Level, path: Vec<u8>, name: &[u8], up: &Seen) -> Result<()> {
        if up.is_dir() {
            self.pass(path, up, true);
            return Ok(());
        }
        let old = level.lower.as_ref().map(|lower| look(lower, name)).transpose()?.flatten();
        if let (true, Some(old)) = (up.links > 1 && !up.is_whiteout(), old) {
            self.installer.first.entry((up.dev, up.ino)).or_insert((path.clone(), old.ino));
        }
        self.done.push(path);
        Ok(())
    }
}
