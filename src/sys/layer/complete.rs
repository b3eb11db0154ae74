//! The end of a layer: hard links to files that came later, whiteouts, opaque directories, and the times of directories.
//! No path is followed through a link here: what a link replaces is hidden already.

use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Timespec, Timestamps, XattrFlags, openat2};

use super::writer::{DIRECTORY, UNLINKABLE, Writer};
use super::{Marks, Report};
use crate::sys::copy::split;
use crate::sys::{Error, Result};

/// How often late hard links are tried.
pub(super) const PASSES: usize = 8;

impl Writer {
    /// Completes the layer.
    pub fn complete(mut self) -> Result<Report> {
        let links = self.late_links()?;
        // A whiteout hides those below it.
        let mut whiteouts = std::mem::take(&mut self.whiteouts);
        whiteouts.sort_unstable();
        whiteouts.dedup();
        let mut made = 0;
        for path in whiteouts {
            made += u64::from(self.whiteout(&path).map_err(|e| named(e, &path))?);
        }
        let mut marked = std::mem::take(&mut self.opaque);
        marked.sort_unstable();
        marked.dedup();
        let mut opaque = Vec::new();
        for path in marked {
            if self.mark(&path).map_err(|e| named(e, &path))? {
                opaque.push(path);
            }
        }
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let epoch = Timestamps { last_access: zero, last_modification: zero };
        let implied = std::mem::take(&mut self.implied).into_iter().map(|path| (path, epoch.clone()));
        for (path, times) in implied.chain(std::mem::take(&mut self.directories)) {
            if let Some(fd) = self.plain(&path, false).map_err(|e| named(e, &path))? {
                rustix::fs::futimens(&fd, &times)?;
            }
        }
        Ok(Report { links, opaque, whiteouts: made, squashed: self.squashed.get(), ..Report::default() })
    }

    /// Makes the hard links whose target followed them; returns the others.
    fn late_links(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut waiting = std::mem::take(&mut self.links);
        // Of two with one name, the later counts.
        let mut seen = HashSet::new();
        waiting.reverse();
        waiting.retain(|(path, _)| seen.insert(path.clone()));
        waiting.reverse();
        // A link to a link is there once that link is. A hostile order would take a pass for each.
        for _ in 0..PASSES {
            let before = waiting.len();
            let mut left = Vec::new();
            for (path, target) in waiting {
                if !self.late_link(&path, &target).map_err(|e| named(e, &path))? {
                    left.push((path, target));
                }
            }
            waiting = left;
            if waiting.len() == before || waiting.is_empty() {
                break;
            }
            waiting.reverse();
        }
        Ok(waiting)
    }

    /// Makes one; false if there is no target. A later entry of its name stays.
    fn late_link(&self, path: &[u8], target: &[u8]) -> Result<bool> {
        let ((above, name), (target_above, old)) = (split(path), split(target));
        let Some(into) = self.below(above)? else { return Ok(true) };
        if rustix::fs::statat(&into, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            return Ok(true);
        }
        let Some(from) = self.below(target_above)? else { return Ok(false) };
        match rustix::fs::linkat(&from, old, &into, name, AtFlags::empty()) {
            Err(rustix::io::Errno::NOENT) => Ok(false),
            linked => linked.map(|()| true).map_err(|e| Error::from(e).with_detail(UNLINKABLE)),
        }
    }

    /// Hides a file of lower layers. One that the layer itself has stays, and if it is a directory, it hides the lower one.
    fn whiteout(&mut self, path: &[u8]) -> Result<bool> {
        let (above, name) = split(path);
        let Some(folder) = self.plain(above, true)? else { return Ok(false) };
        match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(rustix::io::Errno::NOENT) => {}
            Err(e) => return Err(e.into()),
            Ok(there) => {
                if FileType::from_raw_mode(there.st_mode) == FileType::Directory {
                    self.opaque.push(path.to_vec());
                }
                return Ok(false);
            }
        }
        match rustix::fs::mknodat(&folder, name, FileType::CharacterDevice, Mode::empty(), 0) {
            Err(e @ rustix::io::Errno::PERM) => Err(Error::from(e)
                .with_detail("its whiteout is a device, which this user may not create")
                .with_hint("use a kernel of Linux 5.8 or newer, on which whiteouts need no privileges")),
            made => Ok(made.map(|()| true)?),
        }
    }

    /// Makes a directory hide the content of lower ones; false if the layer has no directory there.
    fn mark(&self, path: &[u8]) -> Result<bool> {
        let Some(fd) = self.plain(path, true)? else { return Ok(false) };
        let Some(attribute) = self.how.marks.opaque() else { return Ok(true) };
        match rustix::fs::fsetxattr(fd.as_fd(), attribute, b"y", XattrFlags::empty()) {
            Err(e @ rustix::io::Errno::OPNOTSUPP) => {
                let detail = format!("the file system of the image store has no attributes {attribute}");
                Err(Error::from(e)
                    .with_detail(detail)
                    .with_hint("put the store on ext4, XFS or Btrfs, or on tmpfs since Linux 6.6"))
            }
            Err(e @ rustix::io::Errno::PERM) if self.how.marks == Marks::Trusted => {
                Err(Error::from(e).with_detail("trusted.* needs CAP_SYS_ADMIN"))
            }
            set => Ok(set.map(|()| true)?),
        }
    }

    /// Opens a directory by a path without links, for reading; `None` if the layer has something else there. With `make`,
    /// missing directories are created.
    fn plain(&self, path: &[u8], make: bool) -> Result<Option<OwnedFd>> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
        let open = |path: &[u8]| openat2(&self.root, path, DIRECTORY, Mode::empty(), resolve);
        let found = open(if path.is_empty() { b"." } else { path });
        match found {
            Err(rustix::io::Errno::NOENT) if make => {}
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => return Ok(None),
            found => return Ok(Some(found?)),
        }
        let mut folder = rustix::fs::openat(&self.root, ".", DIRECTORY, Mode::empty())?;
        for name in path.split(|byte| *byte == b'/') {
            let mode = Mode::from_raw_mode(0o755);
            match rustix::fs::mkdirat(&folder, name, mode) {
                Err(rustix::io::Errno::EXIST) => {}
                made => made?,
            }
            folder = match rustix::fs::openat(&folder, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty()) {
                Err(rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => return Ok(None),
                opened => opened?,
            };
        }
        Ok(Some(folder))
    }
}

pub(super) fn named(error: Error, path: &[u8]) -> Error {
    match error.errno {
        Errno::EINTR => error,
        _ => error.with_path(String::from_utf8_lossy(path).into_owned()),
    }
}
