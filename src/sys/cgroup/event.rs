//! Notifications: a descriptor that becomes ready when a control file changes. On v2 it is the file itself, with
//! POLLPRI (cgroup-v2.rst, psi.rst); on v1 an eventfd registered through cgroup.event_control (cgroup-v1/memory.rst).

use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::event::EventfdFlags;
use rustix::io::Errno;

use super::super::{Context, Error, Result};
use super::{Group, file};

/// A notification source for a control file.
pub struct Notice {
    /// The descriptor to poll.
    pub fd: OwnedFd,
    /// Whether it is the file itself, polled for POLLPRI, rather than a v1 eventfd.
    pub urgent: bool,
    /// The control file.
    pub path: String,
}

impl Group {
    /// Requests notifications for a control file. `trigger` is the threshold, for files that accept one: "some 150000
    /// 2000000" for memory.pressure, "medium" for v1's memory.pressure_level. Errors: ENOENT without such a file,
    /// EINVAL if it does not accept the trigger.
    pub fn notice(&self, name: &str, trigger: Option<&str>) -> Result<Notice> {
        let path = self.control(name)?;
        let old = path.with_file_name("cgroup.event_control");
        let urgent = !old.exists();
        let fd = if urgent { own(&path, trigger)? } else { registered(&path, &old, trigger)? };
        Ok(Notice { fd, urgent, path: path.to_string_lossy().into_owned() })
    }
}

/// v2: the file itself, armed.
fn own(path: &Path, trigger: Option<&str>) -> Result<OwnedFd> {
    let file = File::options().read(true).write(trigger.is_some()).open(path).at(path)?;
    let fd = OwnedFd::from(file);
    match trigger {
        Some(trigger) => drop(rustix::io::write(&fd, trigger.as_bytes()).at(path)?),
        // Only changes after a read are reported.
        None => drop(text_of(rustix::fd::AsFd::as_fd(&fd)).at(path)?),
    }
    Ok(fd)
}

/// v1: an eventfd for the file.
fn registered(path: &Path, control: &Path, trigger: Option<&str>) -> Result<OwnedFd> {
    let event = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let watched = File::open(path).at(path)?;
    let line = format!("{} {} {}", event.as_raw_fd(), watched.as_raw_fd(), trigger.unwrap_or_default());
    file::write(control, line.trim_end()).map_err(|e| e.with_path(path))?;
    Ok(event)
}

/// Takes the notification: returns the content of the file; `None` if its cgroup has been removed.
pub fn take(fd: BorrowedFd<'_>, urgent: bool, path: &str) -> Result<Option<String>> {
    if urgent {
        return match text_of(fd) {
            Err(Errno::NODEV) => Ok(None),
            text => Ok(Some(text.at(path)?)),
        };
    }
    match rustix::io::read(fd, &mut [0u8; 8]) {
        Ok(_) | Err(Errno::AGAIN) => file::read_if_there(Path::new(path)),
        Err(e) => Err(Error::from(e).with_path(path)),
    }
}

/// The content of a control file, read again through its open descriptor.
fn text_of(fd: BorrowedFd<'_>) -> rustix::io::Result<String> {
    let mut buffer = [0u8; 4096];
    let n = rustix::io::pread(fd, &mut buffer, 0)?;
    Ok(String::from_utf8_lossy(&buffer[..n]).into_owned())
}
