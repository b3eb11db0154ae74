//! Extended attributes of copied files (xattr(7)): those of users, and file capabilities. All others, such as those of
//! security modules and overlays, belong to the file system on which they are.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::fs::{OFlags, XattrFlags, fsetxattr, getxattr, getxattr_query, listxattr, listxattr_query};
use rustix::io::Errno;

use super::super::path::Place;
use super::super::{Context, Result};

/// A name and its value.
pub type Attribute = (Vec<u8>, Vec<u8>);

/// The attribute with a file's capabilities (capabilities(7)).
pub const CAPABILITY: &[u8] = b"security.capability";

/// The largest attribute of Linux (XATTR_SIZE_MAX).
const LARGEST: usize = 1 << 16;

/// Whether an attribute of this name is copied.
pub fn is_copied(name: &[u8]) -> bool {
    name.starts_with(b"user.") || name == CAPABILITY
}

/// The attributes of a file, which may be only held (O_PATH), optionally with those of an overlay. Those that change
/// meanwhile are not found.
pub fn of(file: impl AsFd, overlay: bool) -> Result<Vec<Attribute>> {
    let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    let mut names = match listxattr_query(&path) {
        // A file system without attributes.
        Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        size => vec![0; size?],
    };
    let Ok(size) = listxattr(&path, &mut names[..]) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for name in names[..size]
        .split(|byte| *byte == 0)
        .filter(|name| is_copied(name) || overlay && name.starts_with(b"trusted.overlay."))
    {
        let mut value = vec![0; getxattr_query(&path, name).unwrap_or(0)];
        if value.is_empty() || getxattr(&path, name, &mut value[..]).is_ok_and(|size| size == value.len()) {
            found.push((name.to_vec(), value));
        }
    }
    Ok(found)
}

/// Sets an attribute; false if the file system or the caller's privileges do not allow it.
pub fn set(fd: BorrowedFd<'_>, (name, value): &Attribute) -> Result<bool> {
    match fsetxattr(fd, &name[..], value, XattrFlags::empty()) {
        Ok(()) => Ok(true),
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::INVAL | Errno::TOOBIG | Errno::RANGE) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// An extended attribute of a file or directory (getxattr(2)); none if it has none of this name. Below a root, no link is followed.
pub fn get_at(place: Place<'_>, name: &str) -> Result<Option<Vec<u8>>> {
    let path = place.path;
    let held = place.root.map(|_| place.open_without_links(OFlags::PATH)).transpose()?;
    let read = |value: &mut [u8]| match &held {
        None => rustix::fs::lgetxattr(path, name, value),
        Some(fd) => getxattr(format!("/proc/self/fd/{}", fd.as_raw_fd()), name, value),
    };
    let mut value = vec![0; LARGEST];
    match read(&mut value) {
        Ok(size) => {
            value.truncate(size);
            Ok(Some(value))
        }
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(e) => Err(e).at(path),
    }
}

/// Sets an extended attribute of a file or directory (setxattr(2)). Below a root, no link is followed.
pub fn set_at(place: Place<'_>, name: &str, value: &[u8]) -> Result<()> {
    let path = place.path;
    let flags = XattrFlags::empty();
    match place.root {
        None => rustix::fs::lsetxattr(path, name, value, flags).at(path),
        Some(_) => {
            let fd = place.open_without_links(OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
            rustix::fs::fsetxattr(&fd, name, value, flags).at(path)
        }
    }
}
