//! Hard links of a layer to files of lower layers. They are made in an overlay that has the layer as its upper directory: the
//! kernel decides which file a name means, and copies it into the layer with all that belongs to it.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps, linkat, openat, statat};

use super::complete::{PASSES, named};
use super::writer::{UNLINKABLE, directory_below};
use crate::sys::copy::split;
use crate::sys::path::Place;
use crate::sys::{Error, Result, interrupt, tree};

/// Makes hard links, each a name and its target. Links in their paths are resolved within the root, and a lower layer's
/// file of this name is hidden. Directories keep their times. Errors: ENOENT for a target that no layer has.
pub fn link(root: &OwnedFd, links: &[(Vec<u8>, Vec<u8>)]) -> Result<()> {
    let mut waiting: Vec<_> = links.iter().collect();
    // A link to a link of this list is there once that link is.
    for _ in 0..PASSES {
        let before = waiting.len();
        let mut left = Vec::new();
        for pair in waiting {
            interrupt::check()?;
            if !one(root.as_fd(), &pair.0, &pair.1).map_err(|e| named(e, &pair.0))? {
                left.push(pair);
            }
        }
        waiting = left;
        if waiting.is_empty() {
            return Ok(());
        }
        if waiting.len() == before {
            break;
        }
        waiting.reverse();
    }
    let (path, target) = waiting[0];
    let shown = String::from_utf8_lossy(target);
    let error = Error::new(Errno::ENOENT).with_detail(format!("it is a hard link to {shown:?}, which no layer has"));
    Err(named(error, path))
}

/// Makes one; false if there is no target.
fn one(root: BorrowedFd<'_>, path: &[u8], target: &[u8]) -> Result<bool> {
    let ((above, name), (target_above, old)) = (split(path), split(target));
    let Some(from) = directory_below(root, target_above, OFlags::PATH)? else { return Ok(false) };
    let file = match statat(&from, old, AtFlags::SYMLINK_NOFOLLOW) {
        Err(rustix::io::Errno::NOENT) => return Ok(false),
        found => found?,
    };
    match FileType::from_raw_mode(file.st_mode) {
        FileType::Directory => return Err(Error::new(Errno::EPERM).with_detail(UNLINKABLE)),
        // A link alone copies no content where the kernel's overlays have metacopy by default.
        FileType::RegularFile => {
            drop(openat(&from, old, OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
        }
        _ => {}
    }
    let Some(into) = directory_below(root, above, OFlags::RDONLY)? else {
        return Err(Error::new(Errno::ENOENT).with_detail("its directory is not in the layer"));
    };
    let stat = rustix::fs::fstat(&into)?;
    let time = |seconds, nanoseconds: u64| Timespec { tv_sec: seconds, tv_nsec: nanoseconds.cast_signed() };
    let times = Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec),
    };
    match linkat(&from, old, &into, name, AtFlags::empty()) {
        Err(rustix::io::Errno::EXIST) => {
            tree::remove_tree(Place { root: Some(into.as_fd()), path: OsStr::from_bytes(name).as_ref() })?;
            linkat(&from, old, &into, name, AtFlags::empty())?;
        }
        linked => linked?,
    }
    rustix::fs::futimens(&into, &times)?;
    Ok(true)
}
