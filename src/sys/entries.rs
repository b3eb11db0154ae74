//! Copies of single files and links of many directories into a tree of the same layout: opened with another user's
//! permissions if requested, and written with the caller's own.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, mkdirat, openat, readlinkat, statat, symlinkat};

use super::access::{Access, limited};
use super::copy::attributes;
use super::path::{Place, open_root, without_umask};
use super::{Context, Error, Result, fs};

/// How many names are handled at once: each may be an open file.
const AT_ONCE: usize = 256;

/// Used instead of a type for a file beyond the total limit.
const LEFT_OUT: &str = "left out";

/// Directories, and names in them, where `*` matches any part.
pub type Names = BTreeMap<String, Vec<String>>;

/// How files are copied.
#[derive(Clone, Copy)]
pub struct Copying<'a> {
    /// Whether to copy the target of a symbolic link instead of the link.
    pub follow: bool,
    /// Larger files are skipped.
    pub most: u64,
    /// The total size limit for all files, in whole pages: files beyond it are skipped.
    pub total: u64,
    /// The lower layer, if directories are created with an overlay redirect to the original.
    pub redirect: Option<&'a str>,
    /// Directories that are listed but not created.
    pub except: &'a [String],
    /// The user whose permissions are used to open them; the caller's own without one.
    pub access: Option<Access>,
}

enum Found {
    File(OwnedFd, usize, u32),
    Link(Vec<u8>),
    Other(&'static str),
}

/// Copies the regular files and links of these names; returns the type of each existing path that may be read.
pub fn copy(names: &Names, to: &str, how: Copying<'_>) -> Result<Vec<(String, &'static str)>> {
    let target = open_root(to.as_ref())?;
    let (mut paths, mut at, mut kinds, mut left) = (None, 0, Vec::new(), how.total);
    loop {
        let mut open = || {
            let paths = paths.get_or_insert_with(|| expand(names));
            let part = paths.get(at..).unwrap_or_default().iter().take(AT_ONCE);
            let found = part.filter_map(|path| Some((path.clone(), look(path, how)?))).collect::<Vec<_>>();
            (found, paths.len())
        };
        let (found, all) = match how.access {
            None => open(),
            Some(access) => limited(access, open)?,
        };
        without_umask(|| {
            for (path, found) in found {
                let taken = match &found {
                    Found::File(_, size, _) => pages(*size),
                    _ => 0,
                };
                let kind = match left.checked_sub(taken) {
                    None => LEFT_OUT,
                    Some(rest) => {
                        left = rest;
                        make_one(&path, found, to, &target, how).at(&path)?
                    }
                };
                kinds.push((path, kind));
            }
            Ok::<_, Error>(())
        })?;
        at += AT_ONCE;
        if at >= all {
            return Ok(kinds);
        }
    }
}

/// The memory that a file of this size uses; an empty file counts as a page too.
fn pages(size: usize) -> u64 {
    (size as u64).next_multiple_of(4096).max(4096)
}

/// The paths of all names; those with a `*` are looked up in their directories.
fn expand(names: &Names) -> Vec<String> {
    let mut paths = Vec::new();
    for (folder, names) in names {
        let base = folder.trim_end_matches('/');
        let (patterns, plain): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.contains('*'));
        let listed = if patterns.is_empty() {
            Vec::new()
        } else {
            fs::list(Place { root: None, path: folder.as_ref() }, true).unwrap_or_default()
        };
        let matching = listed.into_iter().filter_map(|name| String::from_utf8(name).ok());
        let matching = matching.filter(|name| patterns.iter().any(|pattern| matches(pattern, name)));
        paths.extend(plain.into_iter().cloned().chain(matching).map(|name| format!("{base}/{name}")));
    }
    paths.sort();
    paths.dedup();
    paths
}

/// Whether a name matches a pattern with `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => {
            let Some(name) = name.strip_prefix(start) else { return false };
            name.char_indices().map(|(at, _)| &name[at..]).chain([""]).any(|tail| matches(rest, tail))
        }
    }
}

/// Opens a path if it is a file; `None` if it is too large or may not be read. If it is replaced by another file in the
/// meantime, a FIFO does not block and a terminal does not become the controlling terminal.
fn look(path: &str, how: Copying<'_>) -> Option<Found> {
    let (at, nofollow) = match how.follow {
        true => (AtFlags::empty(), OFlags::empty()),
        false => (AtFlags::SYMLINK_NOFOLLOW, OFlags::NOFOLLOW),
    };
    let stat = statat(CWD, path, at).ok()?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Symlink => Some(Found::Link(readlinkat(CWD, path, Vec::new()).ok()?.into())),
        FileType::RegularFile if stat.st_size as u64 <= how.most => {
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | nofollow;
            let file = openat(CWD, path, flags, Mode::empty()).ok()?;
            Some(Found::File(file, stat.st_size as usize, stat.st_mode & 0o777))
        }
        FileType::RegularFile => None,
        _ => Some(Found::Other(fs::kind(stat.st_mode))),
    }
}

fn make_one(path: &str, found: Found, to: &str, target: &OwnedFd, how: Copying<'_>) -> Result<&'static str> {
    let name = path.trim_start_matches('/');
    match found {
        Found::Other("dir") if how.redirect.is_some() && !how.except.iter().any(|other| other == path) => {
            in_folder(target, name, || kept(mkdirat(target, name, Mode::from_raw_mode(0o755))))?;
            let original = how.redirect.and_then(|layer| path.strip_prefix(layer)).unwrap_or(path);
            let original = format!("/{}", original.trim_start_matches('/'));
            let copy = format!("{to}/{name}");
            attributes::set_at(
                Place { root: None, path: copy.as_ref() },
                "trusted.overlay.redirect",
                original.as_bytes(),
            )?;
            Ok("dir")
        }
        Found::Other(kind) => Ok(kind),
        Found::Link(text) => {
            in_folder(target, name, || kept(symlinkat(text.as_slice(), target, name)))?;
            Ok("link")
        }
        Found::File(file, size, mode) => {
            let bytes = read(&file, size).detail("reading")?;
            in_folder(target, name, || kept(write(&bytes, target, name, mode)))?;
            Ok("file")
        }
    }
}

/// Copies as many bytes as the file had.
fn read(file: &OwnedFd, size: usize) -> Result<Vec<u8>> {
    let (mut bytes, mut at) = (vec![0; size], 0);
    while at < size {
        match rustix::io::read(file, &mut bytes[at..]) {
            Ok(0) => bytes.truncate(at),
            Ok(n) => at += n,
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        if bytes.len() < size {
            break;
        }
    }
    Ok(bytes)
}

/// Creates an object, and its parent directories if missing. The umask is 0.
fn in_folder(target: &OwnedFd, name: &str, make: impl Fn() -> Result<()>) -> Result<()> {
    match make() {
        Err(e) if e.errno == Errno::ENOENT => {
            for (at, _) in name.match_indices('/') {
                kept(mkdirat(target, &name[..at], Mode::from_raw_mode(0o755)))?;
            }
            make()
        }
        made => made,
    }
}

fn write(bytes: &[u8], target: &OwnedFd, name: &str, mode: u32) -> Result<()> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(target, name, flags, Mode::from_raw_mode(mode))?;
    fs::write_all(file.as_fd(), bytes)
}

/// Existing files are kept.
fn kept<E: Into<Error>>(made: std::result::Result<(), E>) -> Result<()> {
    made.map_err(Into::into).or_else(|e| if e.errno == Errno::EEXIST { Ok(()) } else { Err(e) })
}

/// Attributes of created directories.
#[derive(Clone, Copy)]
pub struct Making {
    /// Their mode; their parents have 0755.
    pub mode: u32,
    /// Whether an overlay hides lower layers in them.
    pub opaque: bool,
}

/// Creates directories below another, with missing parents. Existing ones are not changed.
pub fn make(root: &str, paths: &[String], how: Making) -> Result<()> {
    let folder = open_root(root.as_ref())?;
    for path in paths {
        let name = path.trim_matches('/');
        let make = || kept(mkdirat(&folder, name, Mode::from_raw_mode(how.mode)));
        without_umask(|| in_folder(&folder, name, make)).at(path)?;
        if how.opaque {
            let made = format!("{root}/{name}");
            attributes::set_at(Place { root: None, path: made.as_ref() }, "trusted.overlay.opaque", b"y")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_part() {
        for (pattern, name, is) in [
            ("java*", "java-17-openjdk", true),
            ("java*", "java", true),
            ("rc*.d", "rc0.d", true),
            ("rc*.d", "rc.local", false),
            ("*-release", "os-release", true),
            ("*-release", "release", false),
            ("*a*b", "xaxxb", true),
            ("*", "é", true),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
    }
}
