//! Copies of single files and links of a folder: opened with another's access where that is asked, and
//! written with the caller's own.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat, readlinkat, symlinkat};

use super::access::{Access, limited};
use super::path::{open_root, without_umask};
use super::{Context, Result, fs};

/// So many files are open at once.
const AT_ONCE: usize = 64;

/// How files are copied.
#[derive(Clone, Copy)]
pub struct Copying {
    /// Whether what a link points to is copied instead of the link.
    pub follow: bool,
    /// Larger files are left out.
    pub most: u64,
    /// With whose access they are opened; the caller's own without one.
    pub access: Option<Access>,
}

enum Found {
    File(OwnedFd, u32),
    Link(Vec<u8>),
    Other(&'static str),
}

/// Copies the regular files and links of these names; tells the kind of each name that is there and may
/// be read.
pub fn copy<'a>(from: &str, names: &'a [String], to: &str, how: Copying) -> Result<Vec<(&'a str, &'static str)>> {
    let target = open_root(to)?;
    let mut kinds = Vec::with_capacity(names.len());
    for names in names.chunks(AT_ONCE) {
        let open = || open(from, names, how);
        let found = match how.access {
            None => open(),
            Some(access) => limited(access, open)?,
        };
        for (name, found) in found {
            let kind = match found {
                Found::Other(kind) => kind,
                Found::Link(text) => {
                    symlinkat(text.as_slice(), &target, name).at(name)?;
                    "link"
                }
                Found::File(file, mode) => {
                    write(file, how.most, &target, name, mode).at(name)?;
                    "file"
                }
            };
            kinds.push((name, kind));
        }
    }
    Ok(kinds)
}

fn open<'a>(from: &str, names: &'a [String], how: Copying) -> Vec<(&'a str, Found)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = openat(CWD, from, flags, Mode::empty()) else { return Vec::new() };
    names.iter().filter_map(|name| Some((name.as_str(), look(&folder, name, how)?))).collect()
}

/// What a name is, opened where it is a file; nil for what is too large or may not be read. Nothing waits
/// at a FIFO that was put there, and no terminal becomes this process's.
fn look(folder: &OwnedFd, name: &str, how: Copying) -> Option<Found> {
    let nofollow = if how.follow { OFlags::empty() } else { OFlags::NOFOLLOW };
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | nofollow;
    let file = match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => file,
        Err(rustix::io::Errno::LOOP) => return Some(Found::Link(readlinkat(folder, name, Vec::new()).ok()?.into())),
        // A socket cannot be opened.
        Err(rustix::io::Errno::NXIO) => return Some(Found::Other("socket")),
        Err(_) => return None,
    };
    let stat = fstat(&file).ok()?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Some(Found::Other(fs::kind(stat.st_mode)));
    }
    (stat.st_size as u64 <= how.most).then_some(Found::File(file, stat.st_mode & 0o777))
}

fn write(from: OwnedFd, most: u64, target: &OwnedFd, name: &str, mode: u32) -> Result<()> {
    let mut bytes = Vec::new();
    // It may have grown meanwhile.
    File::from(from).take(most).read_to_end(&mut bytes).detail("reading")?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = without_umask(|| openat(target, name, flags, Mode::from_raw_mode(mode)))?;
    fs::write_all(file.as_fd(), &bytes)
}
