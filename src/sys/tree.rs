//! Removing a directory tree. Symbolic links and mounts are not followed, since their content belongs to others. The
//! depth of a tree is limited only by memory, not by the stack or the number of descriptors, since a container may have
//! created it.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, ResolveFlags, openat2, unlinkat};

use super::path::{Place, shown};
use super::{Context, Error, Result};

/// A directory on the way down: its identity, and its remaining entries.
struct Level {
    name: Vec<u8>,
    identity: (u64, u64),
    folders: Vec<Vec<u8>>,
}

/// Removes a file, a link, or a directory tree. What another process removes meanwhile is no error. Errors: EBUSY if a
/// file system is mounted in it; earlier entries are removed then, and the mounted file system is untouched.
pub fn remove_tree(place: Place<'_>) -> Result<()> {
    let path = place.path;
    let (folder, name) = place.parent()?;
    match unlinkat(&folder, name, AtFlags::empty()) {
        Err(rustix::io::Errno::ISDIR) => {}
        removed => return removed.at(path),
    }
    empty(folder.as_fd(), name, path)?;
    gone(unlinkat(&folder, name, AtFlags::REMOVEDIR)).at(path)
}

/// A removal whose target has been removed by another process has succeeded.
fn gone(removed: rustix::io::Result<()>) -> rustix::io::Result<()> {
    if removed == Err(rustix::io::Errno::NOENT) { Ok(()) } else { removed }
}

/// Empties a directory, walking down and up with one descriptor.
fn empty(folder: BorrowedFd<'_>, name: &OsStr, path: &Path) -> Result<()> {
    let (mut here, top) = enter(folder, name.as_bytes()).at(path)?;
    let mut levels = vec![top];
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.folders.pop() {
            match enter(here.as_fd(), &name) {
                Err(e) if e.errno == Errno::ENOENT => {}
                Err(e) => return Err(e.with_path(full(path, &levels, &name))),
                Ok((below, entered)) => {
                    here = below;
                    levels.push(entered);
                }
            }
            continue;
        }
        let Some(done) = levels.pop() else { break };
        let Some(above) = levels.last() else { break };
        let removed = rise(here.as_fd(), above).and_then(|fd| {
            here = fd;
            Ok(gone(unlinkat(&here, &done.name[..], AtFlags::REMOVEDIR))?)
        });
        removed.map_err(|e| e.with_path(full(path, &levels, &done.name)))?;
    }
    Ok(())
}

/// The path of an entry of the current directory, for an error.
fn full(path: &Path, levels: &[Level], name: &[u8]) -> String {
    let names = levels.iter().skip(1).map(|level| &level.name[..]).chain([name]);
    names.fold(shown(path, b""), |path, name| path + "/" + &String::from_utf8_lossy(name))
}

/// Opens a directory, removes its files and lists its subdirectories.
fn enter(above: BorrowedFd<'_>, name: &[u8]) -> Result<(OwnedFd, Level)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let here = match openat2(above, name, flags, Mode::empty(), ResolveFlags::NO_XDEV) {
        Err(rustix::io::Errno::XDEV) => {
            return Err(Error::new(Errno::EBUSY).with_detail("a file system is mounted there"));
        }
        opened => opened?,
    };
    let mut level = Level { name: name.to_vec(), identity: identity(here.as_fd())?, folders: Vec::new() };
    for entry in Dir::read_from(&here)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        match unlinkat(&here, name, AtFlags::empty()) {
            Err(rustix::io::Errno::ISDIR) => level.folders.push(name.to_vec()),
            removed => gone(removed).detail(format!("its {}", String::from_utf8_lossy(name)))?,
        }
    }
    Ok((here, level))
}

/// Opens the parent directory, which must be the one we came from: if the directory was moved, the parent would be
/// another one.
fn rise(here: BorrowedFd<'_>, above: &Level) -> Result<OwnedFd> {
    let fd = rustix::fs::openat(here, "..", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    if identity(fd.as_fd())? != above.identity {
        return Err(Error::new(Errno::EBUSY).with_detail("a directory in it was moved in the meantime"));
    }
    Ok(fd)
}

fn identity(fd: BorrowedFd<'_>) -> Result<(u64, u64)> {
    let stat = rustix::fs::fstat(fd)?;
    Ok((stat.st_dev, stat.st_ino))
}
