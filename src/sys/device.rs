//! Devices that are opened by a name which may be anybody's.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use rustix::fs::{FileType, OFlags, fstat, makedev};

use super::path::Place;
use super::{Context, Error, Result, event};

/// Opens the character device of this number for reading and writing, and nothing else: what has the name is
/// looked at before it is opened, and what was opened once more. Errors: ENODEV when it is something else,
/// ENOENT, ELOOP for a link.
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
    // Without a wait, in case another has taken its place meanwhile.
    let fd = place.open_with(OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW)?;
    check(&fd)?;
    event::set_nonblocking(std::os::fd::AsFd::as_fd(&fd), false)?;
    Ok(fd)
}
