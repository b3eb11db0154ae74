//! A file tree as a sink. A file is written as an unnamed file and linked when it is complete, so a failure or kill
//! leaves no partial file. Existing files are replaced, never followed or written into. An existing directory is merged
//! into and keeps its mode, owner and times unless they are copied.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::errno::Errno;
use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid, openat2};

use super::content::fill;
use super::{Data, Entry, Kind, Sink, Tally, attributes, join, split};
use crate::sys::fs::random_hex;
use crate::sys::path::{Place, shown, without_umask};
use crate::sys::{Context, Error, Result, interrupt};

/// A directory that gets its mode and times after its content.
struct Made {
    path: Vec<u8>,
    identity: (u64, u64),
    entry: Entry,
}

/// A tree being written.
pub struct TreeWriter {
    /// Every path is looked up from here.
    anchor: OwnedFd,
    /// The top of the copy in it.
    base: Vec<u8>,
    /// Lookup flags: links are refused in a copy, and resolved within the root for an archive.
    resolve: ResolveFlags,
    /// Whether to keep owners and all mode bits, and create devices.
    archive: bool,
    /// The directory looked up last.
    last: Option<(Vec<u8>, OwnedFd)>,
    made: Vec<Made>,
    top: Option<(u64, u64)>,
    /// The path given by the caller, for errors.
    shown: String,
    /// Whether file capabilities are copied.
    capabilities: bool,
    /// The attributes of directories that could not be set.
    unkept: u64,
}

impl TreeWriter {
    /// A copy that will be what `to` names: a folder that is there is filled; a link in the last
    /// place is followed. Errors: ENOENT when the folder that is to hold it is missing.
    pub fn at(to: Place<'_>, archive: bool, capabilities: bool) -> Result<TreeWriter> {
        let (anchor, base) = match to.open_with(OFlags::PATH | OFlags::DIRECTORY) {
            Ok(folder) => (folder, OsString::new()),
            Err(e) if matches!(e.errno, Errno::ENOENT | Errno::ENOTDIR) => to.follow()?,
            Err(e) => return Err(e),
        };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        Ok(TreeWriter { capabilities, ..TreeWriter::new(anchor, base.into_vec(), resolve, archive, to) })
    }

    /// The tree of an archive in the directory `to`. Links in the path of an entry are resolved within the root;
    /// without one, the directory itself is the root.
    pub fn in_folder(to: Place<'_>, archive: bool) -> Result<TreeWriter> {
        let folder = to.open_with(OFlags::PATH | OFlags::DIRECTORY)?;
        let (anchor, base) = match to.root {
            Some(root) => (root.try_clone_to_owned().at(to.path)?, to.path.as_os_str().as_bytes().to_vec()),
            None => (folder, Vec::new()),
        };
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        Ok(TreeWriter::new(anchor, base, resolve, archive, to))
    }

    fn new(anchor: OwnedFd, base: Vec<u8>, resolve: ResolveFlags, archive: bool, to: Place<'_>) -> TreeWriter {
        let shown = shown(to.path, b"");
        let (last, made, top) = (None, Vec::new(), None);
        TreeWriter { anchor, base, resolve, archive, last, made, top, shown, capabilities: archive, unkept: 0 }
    }

    /// How many attributes of directories could not be set.
    pub fn unkept(&self) -> u64 {
        self.unkept
    }

    /// Looks up the directory that contains this path; returns the last name of the path.
    fn enter<'p>(&mut self, path: &'p [u8]) -> Result<&'p [u8]> {
        let (above, name) = split(path);
        if self.last.as_ref().is_some_and(|(last, _)| last == above) {
            return Ok(name);
        }
        let folder = match self.look_up(above) {
            // An archive may leave out parent directories.
            Err(e) if e.errno == Errno::ENOENT && self.resolve.contains(ResolveFlags::IN_ROOT) => {
                Place { root: Some(self.anchor.as_fd()), path: OsStr::from_bytes(above).as_ref() }.make_dirs()?
            }
            found => found?,
        };
        self.last = Some((above.to_vec(), folder));
        Ok(name)
    }

    fn look_up(&self, path: &[u8]) -> Result<OwnedFd> {
        let path = if path.is_empty() { b"." } else { path };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match openat2(&self.anchor, path, flags, Mode::empty(), self.resolve) {
            Err(rustix::io::Errno::LOOP) => {
                Err(Error::new(Errno::ELOOP).with_detail("a directory was replaced by a link during the copy"))
            }
            opened => Ok(opened?),
        }
    }

    fn folder(&self) -> BorrowedFd<'_> {
        self.last.as_ref().map_or(self.anchor.as_fd(), |(_, folder)| folder.as_fd())
    }

    /// Refuses to replace anything but files, links and FIFOs.
    fn replaceable(&self, name: &[u8]) -> Result<()> {
        let there = match rustix::fs::statat(self.folder(), name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            there => FileType::from_raw_mode(there?.st_mode),
        };
        match there {
            FileType::RegularFile | FileType::Symlink | FileType::Fifo => Ok(()),
            FileType::Directory => Err(Error::new(Errno::EISDIR).with_detail("a directory is not replaced by a file")),
            _ => Err(Error::new(Errno::EEXIST).with_detail("a device or socket exists under this name")),
        }
    }

    /// Creates an object under this name: `make` creates it, either directly or under a temporary name that then
    /// replaces the existing file.
    fn name(&self, name: &[u8], make: impl Fn(&[u8]) -> rustix::io::Result<()>) -> Result<()> {
        match make(name) {
            Err(rustix::io::Errno::EXIST) => {}
            made => return Ok(made?),
        }
        self.replaceable(name)?;
        let temporary = format!(".{}.new", random_hex(8)?).into_bytes();
        make(&temporary)?;
        self.replace(&temporary, name)
    }

    fn replace(&self, temporary: &[u8], name: &[u8]) -> Result<()> {
        let renamed = rustix::fs::renameat(self.folder(), temporary, self.folder(), name);
        // It is left behind by a failure, and if both are names of the same file (rename(2)).
        let _ = rustix::fs::unlinkat(self.folder(), temporary, AtFlags::empty());
        match renamed {
            Err(rustix::io::Errno::BUSY) => {
                Err(Error::new(Errno::EBUSY).with_detail("a file system is mounted on it, so it cannot be replaced"))
            }
            renamed => Ok(renamed?),
        }
    }

    fn dir(&mut self, path: &[u8], entry: &Entry) -> Result<()> {
        let (folder, name) = match path {
            b"" => (self.folder(), &b"."[..]),
            path => {
                let name = self.enter(path)?;
                (self.folder(), name)
            }
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = match rustix::fs::mkdirat(folder, name, Mode::RWXU) {
            Err(rustix::io::Errno::EXIST) => false,
            made => made.map(|()| true)?,
        };
        let found = match rustix::fs::openat(folder, name, flags, Mode::empty()) {
            Err(rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => {
                return Err(Error::new(Errno::ENOTDIR)
                    .with_detail("the existing file is not a directory, and is not replaced by one"));
            }
            found => rustix::fs::fstat(found?)?,
        };
        let identity = (found.st_dev, found.st_ino);
        if entry.path.is_empty() {
            self.top = Some(identity);
        }
        if made || self.archive {
            self.made.push(Made { path: path.to_vec(), identity, entry: entry.clone() });
        }
        Ok(())
    }

    fn file(&self, name: &[u8], size: u64, entry: &Entry, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
        self.replaceable(name)?;
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        match rustix::fs::openat(self.folder(), ".", flags | OFlags::TMPFILE, Mode::RUSR | Mode::WUSR) {
            Ok(fd) => {
                let file = File::from(fd);
                fill(&file, size, data, tally)?;
                tally.attributes += self.dress(file.as_fd(), entry)?;
                let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
                self.name(name, |n| rustix::fs::linkat(CWD, &unnamed, self.folder(), n, AtFlags::SYMLINK_FOLLOW))
            }
            // A file system without O_TMPFILE.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR | rustix::io::Errno::INVAL) => {
                let temporary = format!(".{}.new", random_hex(8)?).into_bytes();
                let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
                let fd = rustix::fs::openat(self.folder(), &temporary[..], flags, Mode::RUSR | Mode::WUSR)?;
                let file = File::from(fd);
                let filled = fill(&file, size, data, tally).and_then(|()| self.dress(file.as_fd(), entry));
                tally.attributes += filled.as_ref().copied().unwrap_or(0);
                if filled.is_err() {
                    let _ = rustix::fs::unlinkat(self.folder(), &temporary[..], AtFlags::empty());
                }
                filled.and_then(|_| self.replace(&temporary, name))
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Sets owner, attributes, mode and time by descriptor; returns the number of attributes that could not be set.
    fn dress(&self, fd: BorrowedFd<'_>, entry: &Entry) -> Result<u64> {
        if self.archive {
            rustix::fs::fchown(fd, Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid)))?;
        }
        let mut unkept = 0;
        for attribute in &entry.attributes {
            if attribute.0 != attributes::CAPABILITY || self.capabilities {
                unkept += u64::from(!attributes::set(fd, attribute)?);
            }
        }
        // Set-user-ID bits grant the owner's permissions: they are copied only with the owner.
        let bits = if self.archive { 0o7777 } else { 0o1777 };
        rustix::fs::fchmod(fd, Mode::from_raw_mode(entry.mode & bits))?;
        rustix::fs::futimens(fd, &times(entry))?;
        Ok(unkept)
    }

    /// Owner and time of a file that is not opened: a link, FIFO or device.
    fn dress_node(&self, name: &[u8], entry: &Entry) -> Result<()> {
        if self.archive {
            let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
            rustix::fs::chownat(self.folder(), name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(rustix::fs::utimensat(self.folder(), name, &times(entry), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn node(&self, name: &[u8], entry: &Entry, tally: &mut Tally<'_>) -> Result<()> {
        let (kind, device) = match entry.kind {
            Kind::Device(true, number) => (FileType::BlockDevice, number),
            Kind::Device(false, number) => (FileType::CharacterDevice, number),
            _ => (FileType::Fifo, 0),
        };
        let device_in_tree = kind != FileType::Fifo && !entry.path.is_empty();
        if device_in_tree && !self.archive {
            tally.devices += 1;
            return Ok(());
        }
        if kind != FileType::Fifo && !self.archive {
            let error = Error::new(Errno::EPERM).with_detail("it is a device");
            return Err(error.with_hint("devices are copied only in archive mode"));
        }
        let mode = Mode::from_raw_mode(entry.mode);
        // An earlier copy of the same device only gets its attributes.
        let there = rustix::fs::statat(self.folder(), name, AtFlags::SYMLINK_NOFOLLOW);
        if there.is_ok_and(|there| FileType::from_raw_mode(there.st_mode) == kind && there.st_rdev == device) {
            return self.dress_node(name, entry);
        }
        match self.name(name, |n| without_umask(|| rustix::fs::mknodat(self.folder(), n, kind, mode, device))) {
            Err(e) if e.errno == Errno::EPERM && device_in_tree => {
                tally.devices += 1;
                return Ok(());
            }
            made => made?,
        }
        self.dress_node(name, entry)
    }

    fn hard_link(&self, name: &[u8], target: &[u8]) -> Result<()> {
        let target = join(&self.base, target);
        let (above, old) = split(&target);
        let above = self.look_up(above)?;
        self.name(name, |n| rustix::fs::linkat(&above, old, self.folder(), n, AtFlags::empty()))
    }

    /// Sets owner, mode and time of a completed directory, if it is still the one that was filled.
    fn complete(&self, made: &Made) -> Result<u64> {
        let path = if made.path.is_empty() { b"." } else { &made.path[..] };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat2(&self.anchor, path, flags, Mode::empty(), self.resolve)?;
        let stat = rustix::fs::fstat(&fd)?;
        if (stat.st_dev, stat.st_ino) == made.identity {
            return self.dress(fd.as_fd(), &made.entry);
        }
        Ok(0)
    }
}

impl TreeWriter {
    /// An entry's path in the copy, for an error.
    fn shown(&self, entry: &Entry) -> String {
        let below = String::from_utf8_lossy(&entry.path);
        if below.is_empty() && !self.shown.is_empty() { self.shown.clone() } else { format!("{}/{below}", self.shown) }
    }

    fn take(&mut self, entry: &Entry, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
        let path = join(&self.base, &entry.path);
        if entry.kind == Kind::Dir {
            // The directory into which an archive is unpacked is not changed.
            let given = entry.path.is_empty() && self.resolve.contains(ResolveFlags::IN_ROOT);
            return if given { Ok(()) } else { self.dir(&path, entry) };
        }
        if path.is_empty() {
            return Err(Error::new(Errno::EISDIR).with_detail("a directory is not replaced by a file"));
        }
        let name = self.enter(&path)?;
        match &entry.kind {
            Kind::File(size) => self.file(name, *size, entry, data, tally),
            Kind::Link(target) => {
                self.name(name, |n| rustix::fs::symlinkat(&target[..], self.folder(), n))?;
                self.dress_node(name, entry)
            }
            Kind::HardLink(target) => self.hard_link(name, target),
            _ => self.node(name, entry, tally),
        }
    }
}

impl Sink for TreeWriter {
    fn put(&mut self, entry: &Entry, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
        interrupt::check()?;
        self.take(entry, data, tally).map_err(|e| e.with_path(self.shown(entry)))
    }

    fn is_top(&self, identity: (u64, u64)) -> bool {
        self.top == Some(identity)
    }

    fn finish(&mut self) -> Result<()> {
        let mut first = Ok(());
        for made in self.made.drain(..).collect::<Vec<_>>().iter().rev() {
            match self.complete(made) {
                // It was moved or removed in the meantime and is left alone.
                Err(e) if matches!(e.errno, Errno::ENOENT | Errno::ELOOP | Errno::ENOTDIR) => {}
                Ok(unkept) => self.unkept += unkept,
                Err(e) => first = first.and(Err(e.with_path(self.shown(&made.entry)))),
            }
        }
        first
    }
}

/// The times of an entry.
pub(in crate::sys) fn times(entry: &Entry) -> Timestamps {
    let time = Timespec { tv_sec: entry.mtime.0, tv_nsec: entry.mtime.1 };
    Timestamps { last_access: time, last_modification: time }
}
