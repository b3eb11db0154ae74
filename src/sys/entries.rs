//! Copies of single files and links of a folder: opened with another's access where that is asked, and
//! written with the caller's own.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, mkdirat, openat, readlinkat, symlinkat};

use super::access::{Access, limited};
use super::path::{open_root, without_umask};
use super::{Context, Error, Result, fs};

/// So many files are open at once.
const AT_ONCE: usize = 64;

/// How files are copied.
#[derive(Clone, Copy)]
pub struct Copying<'a> {
    /// Whether what a link points to is copied instead of the link.
    pub follow: bool,
    /// Larger files are left out.
    pub most: u64,
    /// Where folders become ones that an overlay takes for the originals: the folder that is its layer.
    pub redirect: Option<&'a str>,
    /// With whose access they are opened; the caller's own without one.
    pub access: Option<Access>,
}

enum Found {
    File(OwnedFd, usize, u32),
    Link(Vec<u8>),
    Other(&'static str),
}

/// Copies the regular files and links of these names; tells the kind of each name that is there and may
/// be read.
pub fn copy<'a>(from: &str, names: &'a [String], to: &str, how: Copying<'_>) -> Result<Vec<(&'a str, &'static str)>> {
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
                Found::Other("dir") if let Some(layer) = how.redirect => {
                    kept(mkdirat(&target, name, Mode::from_raw_mode(0o755))).at(name)?;
                    let original = format!("{}/{name}", from.strip_prefix(layer).unwrap_or(from).trim_matches('/'));
                    redirect(&format!("{to}/{name}"), original.trim_start_matches('/'))?;
                    "dir"
                }
                Found::Other(kind) => kind,
                Found::Link(text) => {
                    kept(symlinkat(text.as_slice(), &target, name)).at(name)?;
                    "link"
                }
                Found::File(file, size, mode) => {
                    kept(write(file, size, how.most, &target, name, mode)).at(name)?;
                    "file"
                }
            };
            kinds.push((name, kind));
        }
    }
    Ok(kinds)
}

fn open<'a>(from: &str, names: &'a [String], how: Copying<'_>) -> Vec<(&'a str, Found)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = openat(CWD, from, flags, Mode::empty()) else { return Vec::new() };
    names.iter().filter_map(|name| Some((name.as_str(), look(&folder, name, how)?))).collect()
}

/// What a name is, opened where it is a file; nil for what is too large or may not be read. Nothing waits
/// at a FIFO that was put there, and no terminal becomes this process's.
fn look(folder: &OwnedFd, name: &str, how: Copying<'_>) -> Option<Found> {
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
    (stat.st_size as u64 <= how.most).then_some(Found::File(file, stat.st_size as usize, stat.st_mode & 0o777))
}

/// What is there already stays.
fn kept<E: Into<Error>>(made: std::result::Result<(), E>) -> Result<()> {
    made.map_err(Into::into).or_else(|e| if e.errno == Errno::EEXIST { Ok(()) } else { Err(e) })
}

fn write(from: OwnedFd, size: usize, most: u64, target: &OwnedFd, name: &str, mode: u32) -> Result<()> {
    // It may have grown meanwhile.
    let mut bytes = Vec::with_capacity(size + 1);
    File::from(from).take(most).read_to_end(&mut bytes).detail("reading")?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = without_umask(|| openat(target, name, flags, Mode::from_raw_mode(mode)))?;
    fs::write_all(file.as_fd(), &bytes)
}

/// Has an overlay show in the place of a folder of an upper layer the one of this path in a lower layer.
fn redirect(path: &str, original: &str) -> Result<()> {
    fs::setxattr(path, "trusted.overlay.redirect", format!("/{original}").as_bytes())
}

/// What folders are made as.
#[derive(Clone, Copy)]
pub struct Making {
    /// Their mode; their parents have 0755.
    pub mode: u32,
    /// Whether an overlay shows nothing of lower layers in them.
    pub opaque: bool,
}

/// Makes folders below another, with the parents that are missing. One that is there stays as it is.
pub fn make(root: &str, paths: &[String], how: Making) -> Result<()> {
    let folder = open_root(root)?;
    for path in paths {
        let relative = path.trim_matches('/');
        let made = |part: &str, mode| kept(mkdirat(&folder, part, Mode::from_raw_mode(mode))).at(part);
        without_umask(|| match made(relative, how.mode) {
            Err(e) if e.errno == Errno::ENOENT => {
                let parents = relative.match_indices('/').map(|(at, _)| &relative[..at]);
                parents.map(|part| made(part, 0o755)).collect::<Result<()>>()?;
                made(relative, how.mode)
            }
            made => made,
        })?;
        if how.opaque {
            fs::setxattr(&format!("{root}/{relative}"), "trusted.overlay.opaque", b"y")?;
        }
    }
    Ok(())
}
