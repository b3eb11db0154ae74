//! Device nodes: recognizing them, and opening one by an untrusted name.

use std::os::fd::{BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{FileType, OFlags, fstat, makedev};

use super::path::Place;
use super::{Context, Error, Result, event};

/// Whether the descriptor, which may be O_PATH, is of a device node.
pub fn is_device(fd: BorrowedFd<'_>) -> Result<bool> {
    let kind = FileType::from_raw_mode(fstat(fd)?.st_mode);
    Ok(matches!(kind, FileType::CharacterDevice | FileType::BlockDevice))
}

/// Opens the character device with this number for reading and writing, and nothing else: the file is checked before it
/// is opened, and again afterwards. Errors: ENODEV if it is another file, ENOENT, ELOOP for a link.
pub fn open_char(place: Place<'_>, major: u32, minor: u32) -> Result<OwnedFd> {
    let check = |fd: &OwnedFd| {
        let stat = fstat(fd).at(place.path)?;
        let is = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice;
        if is && stat.st_rdev == makedev(major, minor) {
            return Ok(());
        }
        let what = format!("it is not the character device {major}:{minor}");
        Err(Error::new(Errno::ENODEV).with_path(place.path).with_detail(what))
    };
    check(&place.open_with(OFlags::PATH | OFlags::NOFOLLOW)?)?;
    // Nonblocking, in case another file has replaced it in the meantime.
    let fd = place.open_with(OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW)?;
    check(&fd)?;
    event::set_nonblocking(std::os::fd::AsFd::as_fd(&fd), false)?;
    Ok(fd)
}
