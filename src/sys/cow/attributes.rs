//! Extended attributes of changed files (xattr(7)): those of users, access control lists and file capabilities. Those of
//! overlays and of security modules belong to the file system on which they are. A container may have set thousands of
//! large ones, so each is read, compared and set by itself.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::fs::{
    XattrFlags, flistxattr, fremovexattr, fsetxattr, getxattr, getxattr_query, listxattr, listxattr_query,
};
use rustix::io::Errno;

use crate::sys::Result;

/// The attribute with a file's capabilities (capabilities(7)).
pub const CAPABILITY: &[u8] = b"security.capability";

/// The largest attribute of Linux (XATTR_SIZE_MAX).
const LARGEST: usize = 1 << 16;

/// The names of a file with few attributes have so many bytes.
const FEW: usize = 256;

fn is_kept(name: &[u8]) -> bool {
    let of_overlay = name.starts_with(b"user.overlay.") || name.starts_with(b"trusted.overlay.");
    let named = [&b"user."[..], b"trusted.", b"system.posix_acl_"].iter().any(|start| name.starts_with(start));
    named && !of_overlay || name == CAPABILITY
}

fn by_descriptor(fd: impl AsFd) -> String {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd())
}

/// The names of the attributes that are kept, sorted. A file may be only held (O_PATH).
pub fn names(fd: impl AsFd) -> Result<Vec<Vec<u8>>> {
    let mut few = [0; FEW];
    match flistxattr(&fd, &mut few[..]) {
        Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        // It has more, or is only held.
        _ => {}
    }
    let path = by_descriptor(fd);
    let mut text = match listxattr_query(&path) {
        Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        size => vec![0; size?],
    };
    // They change meanwhile: those of a running container.
    let Ok(size) = listxattr(&path, &mut text[..]) else { return Ok(Vec::new()) };
    let mut names: Vec<Vec<u8>> =
        text[..size].split(|byte| *byte == 0).filter(|name| is_kept(name)).map(<[u8]>::to_vec).collect();
    names.sort();
    Ok(names)
}

/// The value of an attribute; none if there is none of this name.
pub fn value<'a>(fd: impl AsFd, name: &[u8], buffer: &'a mut Vec<u8>) -> Result<Option<&'a [u8]>> {
    buffer.resize(LARGEST, 0);
    match getxattr(by_descriptor(fd), name, &mut buffer[..]) {
        Ok(size) => Ok(Some(&buffer[..size])),
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// Whether a file, which may be only held (O_PATH), has an attribute of this name.
pub fn has(fd: impl AsFd, name: &[u8]) -> bool {
    getxattr_query(by_descriptor(fd), name).is_ok()
}

/// Whether two files have the same attributes.
pub fn same(a: impl AsFd, b: impl AsFd) -> Result<bool> {
    let list = names(&a)?;
    if list != names(&b)? {
        return Ok(false);
    }
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for name in list {
        if value(&a, &name, &mut first)? != value(&b, &name, &mut second)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives a file the attributes of another; returns how many could not be set.
pub fn copy(from: impl AsFd, to: BorrowedFd<'_>) -> Result<u64> {
    let (list, mut buffer, mut lost) = (names(&from)?, Vec::new(), 0);
    for old in names(to)? {
        if list.binary_search(&old).is_err() {
            let _ = fremovexattr(to, &old[..]);
        }
    }
    for name in list {
        let Some(value) = value(&from, &name, &mut buffer)? else { continue };
        match fsetxattr(to, &name[..], value, XattrFlags::empty()) {
            Ok(()) => {}
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::INVAL | Errno::TOOBIG | Errno::RANGE | Errno::NOSPC) => {
                lost += 1
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(lost)
}
