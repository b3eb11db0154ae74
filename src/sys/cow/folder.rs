//! An open copy-on-write folder. The other modules add what is done with it.

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use rustix::fs::{Mode, OFlags};

use super::records::Records;
use super::seen::{DIRECTORY, open_below, seen};
use crate::sys::path::open_root;
use crate::sys::{Context, Error, Result};

/// An open copy-on-write folder.
pub struct Folder {
    /// The container's directory with all of it.
    pub place: OwnedFd,
    /// The upper directory of the overlay.
    pub upper: OwnedFd,
    /// The folder of the host.
    pub lower: OwnedFd,
    /// What is recorded of it.
    pub records: Records,
}

impl Folder {
    /// Opens it. Errors: ESTALE if the folder is not the one that the container saw.
    pub fn open(place: &Path, lower: &Path) -> Result<Folder> {
        let opened = open_root(place)?;
        let upper = open_below(&opened, b"upper", DIRECTORY).at(place)?;
        let below = rustix::fs::open(lower, DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()).at(lower)?;
        let records = Records::read(&opened).at(place)?;
        if seen(&below)?.ino != records.ino {
            let error = Error::new(Errno::ESTALE).with_path(lower);
            return Err(error.with_detail("it is not the directory that the container saw: it was replaced"));
        }
        Ok(Folder { place: opened, upper, lower: below, records })
    }
}
