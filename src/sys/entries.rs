//! Copies of single files and links of many folders, in a tree of the same shape: opened with another's
//! access where that is asked, and written with the caller's own.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, mkdirat, openat, readlinkat, statat, symlinkat};

use super::access::{Access, limited};
use super::path::{Place, open_root, without_umask};
use super::{Context, Error, Result, fs};

/// So many names are looked at in one go: each may be an open file.
const AT_ONCE: usize = 256;

/// Instead of its kind, of a file that came after the most of all.
const LEFT_OUT: &str = "left out";

/// Folders, and names in them, where a `*` stands for any part.
pub type Names = BTreeMap<String, Vec<String>>;

/// How files are copied.
#[derive(Clone, Copy)]
pub struct Copying<'a> {
    /// Whether what a link points to is copied instead of the link.
    pub follow: bool,
    /// Larger files are left out.
    pub most: u64,
    /// What all files together may take up, in pages: those that come after that are left out.
    pub total: u64,
    /// Where folders become ones that an overlay takes for the originals: the folder that is its layer.
    pub redirect: Option<&'a str>,
    /// Folders that are told, and not made.
    pub except: &'a [String],
    /// With whose access they are opened; the caller's own without one.
    pub access: Option<Access>,
}

enum Found {
    File(OwnedFd, usize, u32),
    Link(Vec<u8>),
    Other(&'static str),
}

/// Copies the regular files and links of these names; tells the kind of each path that is there and may
/// be read.
pub fn copy(names: &Names, to: &str, how: Copying<'_>) -> Result<Vec<(String, &'static str)>> {
    let target = open_root(to)?;
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

/// What a file of this size takes up in memory; an empty one is no less work.
fn pages(size: usize) -> u64 {
    (size as u64).next_multiple_of(4096).max(4096)
}

/// The paths of all names; those with a `*` are looked up in their folders.
fn expand(names: &Names) -> Vec<String> {
    let mut paths = Vec::new();
    for (folder, names) in names {
        let base = folder.trim_end_matches('/');
        let (patterns, plain): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.contains('*'));
        let listed = if patterns.is_empty() {
            Vec::new()
        } else {
            fs::list(Place { root: None, path: folder }, true).unwrap_or_default()
        };
        let matching = listed.into_iter().filter_map(|name| String::from_utf8(name).ok());
        let matching = matching.filter(|name| patterns.iter().any(|pattern| matches(pattern, name)));
        paths.extend(plain.into_iter().cloned().chain(matching).map(|name| format!("{base}/{name}")));
    }
    paths.sort();
    paths.dedup();
    paths
}

/// Whether a name is one of a pattern with `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => {
            let Some(name) = name.strip_prefix(start) else { return false };
            name.char_indices().map(|(at, _)| &name[at..]).chain([""]).any(|tail| matches(rest, tail))
        }
    }
}

/// What is at a path, opened where it is a file; nil for what is too large or may not be read. Should it
/// be another file by then, nothing waits at a FIFO and no terminal becomes this process's.
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
            fs::setxattr(&format!("{to}/{name}"), "trusted.overlay.redirect", original.as_bytes())?;
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

/// As much of a file as it had.
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

/// Makes something, and the folders above it where they are missing. The umask is off.
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

/// What is there already stays.
fn kept<E: Into<Error>>(made: std::result::Result<(), E>) -> Result<()> {
    made.map_err(Into::into).or_else(|e| if e.errno == Errno::EEXIST { Ok(()) } else { Err(e) })
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
        let name = path.trim_matches('/');
        let make = || kept(mkdirat(&folder, name, Mode::from_raw_mode(how.mode)));
        without_umask(|| in_folder(&folder, name, make)).at(path)?;
        if how.opaque {
            fs::setxattr(&format!("{root}/{name}"), "trusted.overlay.opaque", b"y")?;
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
