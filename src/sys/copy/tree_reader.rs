//! A file tree as a source. Symbolic links are not followed, and pseudo file systems such as procfs below another file
//! system are not entered. Only one descriptor is open at a time, however deep the tree is; devices and FIFOs are never
//! opened. A file is copied with the size it had when it was found, since a file that is appended to without end would
//! fill the disk.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, openat2};

use super::{Data, Entry, Kind, Sink, Tally, attributes, join};
use crate::sys::path::{Place, shown};
use crate::sys::{Context, Error, Result};

/// Pseudo file systems (linux/magic.h): proc, sysfs, cgroup, cgroup2, devpts, debugfs, tracefs, securityfs, bpf,
/// mqueue, configfs, nsfs, binfmt_misc, efivarfs, pstore, selinuxfs, fusectl.
const MADE_UP: &[u64] = &[
    0x9fa0,
    0x6265_6572,
    0x27_e0eb,
    0x6367_7270,
    0x1cd1,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0xcafe_4a11,
    0x1980_0202,
    0x6265_6570,
    0x6e73_6673,
    0x4249_4e4d,
    0xde5e_81e4,
    0x6165_676c,
    0xf97c_ff8c,
    0x6573_5543,
];

/// The largest read of a file with content but without a true size, as in procfs.
const MADE_UP_MOST: u64 = 64 << 20;

/// How a tree is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    /// If the source is a symbolic link, read its target.
    pub follow: bool,
    /// The names of a directory in order, and with the attributes of an overlay: for the layer of an image.
    pub layer: bool,
}

/// Passes a file or a directory tree to the sink. Errors: ENOENT, ELOOP if a
/// directory is replaced by a link, ENAMETOOLONG for a tree that is too deep.
pub fn read(source: Place<'_>, how: Reading, sink: &mut dyn Sink, tally: &mut Tally<'_>) -> Result<()> {
    let flags = OFlags::PATH | if how.follow { OFlags::empty() } else { OFlags::NOFOLLOW };
    let top = source.open_with(flags)?;
    let device = rustix::fs::fstat(&top).at(source.path)?.st_dev;
    let within = |path: &[u8]| shown(source.path, path);
    let mut links = Links::new();
    if !hand(&top, Vec::new(), how, &mut links, sink, tally).map_err(|e| e.with_path(source.path))? {
        return Ok(());
    }
    let mut folders = vec![Vec::new()];
    while let Some(path) = folders.pop() {
        let Some(folder) = enter(top.as_fd(), &path, device).at(within(&path))? else { continue };
        for name in names(&folder, how.layer).at(within(&path))? {
            let below = join(&path, name.to_bytes());
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match rustix::fs::openat(&folder, &*name, flags, Mode::empty()) {
                // It was removed in the meantime, as happens in a tree that is in use.
                Err(rustix::io::Errno::NOENT) => {}
                Err(e) => return Err(e).at(within(&below)),
                Ok(found) => {
                    let handed = hand(&found, below.clone(), how, &mut links, sink, tally);
                    if handed.map_err(|e| e.with_path(within(&below)))? {
                        folders.push(below);
                    }
                }
            }
        }
    }
    Ok(())
}

/// The names in a directory.
fn names(folder: &OwnedFd, ordered: bool) -> Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_owned();
        if name.as_bytes() != b"." && name.as_bytes() != b".." {
            names.push(name);
        }
    }
    if ordered {
        names.sort_unstable();
    }
    Ok(names)
}

/// Opens a directory to list it; `None` if it was removed or is on a pseudo file system.
fn enter(top: BorrowedFd<'_>, path: &[u8], device: u64) -> Result<Option<OwnedFd>> {
    let path = if path.is_empty() { b"." } else { path };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let folder = match openat2(top, path, flags, Mode::empty(), resolve) {
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(rustix::io::Errno::LOOP) => {
            return Err(Error::new(Errno::ELOOP).with_detail("a directory was replaced by a link during the copy"));
        }
        opened => opened?,
    };
    let left_out = rustix::fs::fstat(&folder)?.st_dev != device && made_up(&folder)?;
    Ok((!left_out).then_some(folder))
}

/// Whether it is a pseudo file system.
fn made_up(fd: &OwnedFd) -> Result<bool> {
    Ok(MADE_UP.contains(&(rustix::fs::fstatfs(fd)?.f_type as u64 & 0xffff_ffff)))
}

/// Passes one entry to the sink; returns whether it is a directory.
fn hand(
    found: &OwnedFd,
    path: Vec<u8>,
    how: Reading,
    links: &mut Links,
    sink: &mut dyn Sink,
    tally: &mut Tally<'_>,
) -> Result<bool> {
    let stat = rustix::fs::fstat(found)?;
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File(u64::try_from(stat.st_size).unwrap_or(0)),
        FileType::Directory => Kind::Dir,
        FileType::Symlink => Kind::Link(rustix::fs::readlinkat(found, "", Vec::new())?.into_bytes()),
        FileType::Fifo => Kind::Fifo,
        FileType::CharacterDevice => Kind::Device(false, stat.st_rdev),
        FileType::BlockDevice => Kind::Device(true, stat.st_rdev),
        _ => {
            tally.sockets += 1;
            return Ok(false);
        }
    };
    let size = if let Kind::File(size) = kind { Some(size) } else { None };
    let is_dir = kind == Kind::Dir;
    if is_dir && sink.is_top((stat.st_dev, stat.st_ino)) {
        return Err(Error::new(Errno::EINVAL).with_detail("a directory cannot be copied into itself"));
    }
    let mtime = (stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or(0));
    let mut entry = Entry {
        path,
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime,
        attributes: Vec::new(),
    };
    tally.entries += 1;
    match size {
        Some(_) if made_up(found)? => {
            let content = read_made_up(reopen(found)?)?;
            entry.kind = Kind::File(content.len() as u64);
            sink.put(&entry, Data::Stream(&mut &content[..]), tally)?;
        }
        Some(size) => {
            let identity = (stat.st_dev, stat.st_ino);
            if links.get(&identity).is_some_and(|first| linked(first, &entry, sink, tally)) {
                return Ok(false);
            }
            let file = reopen(found)?;
            entry.attributes = attributes::of(&file, how.layer)?;
            sink.put(&entry, Data::File(&file), tally)?;
            tally.compare(&file, size)?;
            if stat.st_nlink > 1 {
                links.insert(identity, entry.path);
            }
        }
        None if is_dir => {
            entry.attributes = attributes::of(found, how.layer)?;
            sink.put(&entry, Data::None, tally)?;
        }
        None => sink.put(&entry, Data::None, tally)?,
    }
    Ok(is_dir)
}

/// Files with several names, by device and inode: the name that was copied first.
type Links = HashMap<(u64, u64), Vec<u8>>;

/// Passes another name of a file as a hard link; false where that is impossible, for example across mounts of the target.
fn linked(first: &[u8], entry: &Entry, sink: &mut dyn Sink, tally: &mut Tally<'_>) -> bool {
    let link = Entry { kind: Kind::HardLink(first.to_vec()), ..entry.clone() };
    sink.put(&link, Data::None, tally).is_ok()
}

/// Opens a file that was found to be regular; another file may have its name by now.
fn reopen(found: &OwnedFd) -> Result<File> {
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// The whole content of a file whose size is not meaningful. Errors: EFBIG if it is too large or endless.
fn read_made_up(file: File) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    file.take(MADE_UP_MOST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MADE_UP_MOST {
        let detail = format!("the kernel generates its content, which is more than {} MiB", MADE_UP_MOST >> 20);
        return Err(Error::new(Errno::EFBIG).with_detail(detail));
    }
    Ok(content)
}
