//! Hard links of a layer to files of lower layers. They are made in an overlay that has the layer as its upper directory: the
//! kernel decides which file a name means, and copies it into the layer with all that belongs to it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, Timespec, Timestamps, linkat, openat, statat};

use super::complete::{PASSES, named};
use super::exceeds;
use super::writer::{UNLINKABLE, directory_below};
use crate::sys::copy::split;
use crate::sys::path::Place;
use crate::sys::{Error, Result, interrupt, tree};

/// Makes hard links, each a name and its target. Links in their paths are resolved within the root, and a lower layer's
/// file of this name is hidden. Directories keep their times. Errors: ENOENT for a target that no layer has, EFBIG for files
/// of more than `most` bytes.
pub fn link(root: &OwnedFd, links: &[(Vec<u8>, Vec<u8>)], most: u64) -> Result<()> {
    let mut copies = Copies { most, bytes: 0, first: HashMap::new() };
    let mut waiting: Vec<_> = links.iter().collect();
    // A link to a link of this list is there once that link is.
    for _ in 0..PASSES {
        let before = waiting.len();
        let mut left = Vec::new();
        for pair in waiting {
            interrupt::check()?;
            if !one(root.as_fd(), &pair.0, &pair.1, &mut copies).map_err(|e| named(e, &pair.0))? {
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

/// The files that the kernel has copied into the layer.
struct Copies<'a> {
    most: u64,
    bytes: u64,
    /// The copied name of a file, by its device and inode in the lower layer and in this one. The kernel would copy a file once
    /// for each of its lower names.
    first: HashMap<(u64, u64), &'a [u8]>,
}

impl Copies<'_> {
    /// Counts a file before it is copied.
    fn add(&mut self, bytes: u64) -> Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.most {
            let why = format!("its hard links copy more than {} bytes from the layers below", self.most);
            return Err(exceeds("max_bytes", why));
        }
        Ok(())
    }
}

/// Opens the directory of a file that may be linked; `None` if it is not there.
fn find<'p>(root: BorrowedFd<'_>, path: &'p [u8]) -> Result<Option<(OwnedFd, &'p [u8], Stat)>> {
    let (above, name) = split(path);
    let Some(folder) = directory_below(root, above, OFlags::PATH)? else { return Ok(None) };
    match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(rustix::io::Errno::NOENT) => Ok(None),
        found => Ok(Some((folder, name, found?))),
    }
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

/// Makes one; false if there is no target.
fn one<'a>(root: BorrowedFd<'_>, path: &[u8], target: &'a [u8], copies: &mut Copies<'a>) -> Result<bool> {
    let (above, name) = split(path);
    let Some((mut from, mut old, file)) = find(root, target)? else { return Ok(false) };
    match FileType::from_raw_mode(file.st_mode) {
        FileType::Directory => return Err(Error::new(Errno::EPERM).with_detail(UNLINKABLE)),
        FileType::RegularFile => {
            let name = copies.first.get(&identity(&file)).copied();
            let first = name.map_or(Ok(None), |name| find(root, name))?;
            // A link may have taken the place of the copied name.
            match first.filter(|(.., stat)| copies.first.get(&identity(stat)).copied() == name) {
                Some(first) => (from, old, _) = first,
                None => {
                    copies.add(file.st_size.cast_unsigned())?;
                    // A link alone copies no content where the kernel's overlays have metacopy by default.
                    drop(openat(&from, old, OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?);
                    let copy = statat(&from, old, AtFlags::SYMLINK_NOFOLLOW)?;
                    copies.first.extend([(identity(&file), target), (identity(&copy), target)]);
                }
            }
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
            let stat = |folder, name| statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
            if identity(&stat(&from, old)?) == identity(&stat(&into, name)?) {
                return Ok(true);
            }
            tree::remove_tree(Place { root: Some(into.as_fd()), path: OsStr::from_bytes(name).as_ref() })?;
            linkat(&from, old, &into, name, AtFlags::empty())?;
        }
        linked => linked?,
    }
    rustix::fs::futimens(&into, &times)?;
    Ok(true)
}
