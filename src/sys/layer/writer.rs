//! The directory of a layer as a sink. It belongs to this process alone until it is complete, so files are created under
//! their final names; a failure leaves a directory that its owner discards. Links in the path of an entry are resolved
//! within the directory. Whiteouts, opaque marks and times of directories follow the last entry, so that their place in
//! the stream does not matter.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags, Timestamps, Uid, openat2};

use super::name::{Name, classify};
use super::{How, exceeds};
use crate::sys::copy::attributes::CAPABILITY;
use crate::sys::copy::{Data, Entry, Kind, Sink, Tally, attributes, content, split, tree_writer::times};
use crate::sys::path::Place;
use crate::sys::{Error, Result, interrupt, tree};

/// Bytes of names that are kept until the end.
const KEPT_MOST: usize = 64 << 20;

/// Why the kernel refuses a hard link.
pub(super) const UNLINKABLE: &str = "it is a hard link to a directory, or to a file that cannot be linked";

/// The layer being written.
pub struct Writer {
    pub(super) root: OwnedFd,
    pub(super) how: How,
    /// The directory looked up last.
    last: Option<Folder>,
    entries: u64,
    /// Bytes of sparse files with their holes: nothing else limits them.
    sparse: u64,
    kept: usize,
    pub(super) directories: Vec<(Vec<u8>, Timestamps)>,
    /// Directories that may have no entry. Their time is always the same, so that the same layer gives the same directory.
    pub(super) implied: BTreeSet<Vec<u8>>,
    pub(super) whiteouts: Vec<Vec<u8>>,
    pub(super) opaque: Vec<Vec<u8>>,
    pub(super) links: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) squashed: Cell<u64>,
}

/// A directory in the layer.
struct Folder {
    path: Vec<u8>,
    fd: OwnedFd,
    /// Whether its files get its group, and its directories this bit.
    setgid: bool,
}

type Made<T> = rustix::io::Result<T>;

/// For reading and changing a directory.
pub(super) const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Writer {
    /// Writes into an empty directory.
    pub fn new(root: OwnedFd, how: How) -> Writer {
        let (directories, whiteouts, opaque, links) = Default::default();
        let implied = BTreeSet::from([Vec::new()]);
        let squashed = Cell::new(0);
        Writer {
            root,
            how,
            last: None,
            entries: 0,
            sparse: 0,
            kept: 0,
            directories,
            implied,
            whiteouts,
            opaque,
            links,
            squashed,
        }
    }

    /// Opens the directory that is to contain an entry; parents that the layer leaves out are created.
    fn enter(&mut self, above: &[u8]) -> Result<()> {
        if self.last.as_ref().is_some_and(|last| last.path == above) {
            return Ok(());
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        let path = if above.is_empty() { b"." } else { above };
        let folder = match openat2(&self.root, path, flags, Mode::empty(), resolve) {
            Err(rustix::io::Errno::NOENT) => {
                self.imply(above)?;
                Place { root: Some(self.root.as_fd()), path: OsStr::from_bytes(above).as_ref() }.make_dirs()?
            }
            Err(rustix::io::Errno::NOTDIR) => {
                return Err(
                    Error::new(Errno::ENOTDIR).with_detail("the layer has a file where its directory should be")
                );
            }
            opened => opened?,
        };
        let setgid = Mode::from_raw_mode(rustix::fs::fstat(&folder)?.st_mode).contains(Mode::SGID);
        self.last = Some(Folder { path: above.to_vec(), fd: folder, setgid });
        Ok(())
    }

    /// Keeps the name of a directory that may have no entry, and those above it.
    fn imply(&mut self, mut path: &[u8]) -> Result<()> {
        while !path.is_empty() && !self.implied.contains(path) {
            self.keep(path.len())?;
            self.implied.insert(path.to_vec());
            path = split(path).0;
        }
        Ok(())
    }

    fn folder(&self) -> BorrowedFd<'_> {
        self.last.as_ref().map_or(self.root.as_fd(), |last| last.fd.as_fd())
    }

    /// Creates something in the directory entered; what an earlier entry of the layer has put there is removed.
    fn make<T>(&self, name: &[u8], make: impl Fn(BorrowedFd<'_>) -> Made<T>) -> Result<T> {
        match make(self.folder()) {
            Err(rustix::io::Errno::EXIST) => {
                self.clear(name)?;
                Ok(make(self.folder())?)
            }
            made => Ok(made?),
        }
    }

    fn clear(&self, name: &[u8]) -> Result<()> {
        let path: &Path = OsStr::from_bytes(name).as_ref();
        match tree::remove_tree(Place { root: Some(self.folder()), path }) {
            Err(e) if e.errno == Errno::ENOENT => Ok(()),
            removed => removed,
        }
    }

    /// Runs a call that changes an owner, and names the reason of its failure. Returns the mode, without the bits that would
    /// give away an id of the caller's instead of the entry's.
    fn own(&self, entry: &Entry, chown: impl Fn(Option<Uid>, Option<Gid>) -> Made<()>) -> Result<Mode> {
        let mut mode = Mode::from_raw_mode(entry.mode);
        let (uid, gid) = (Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid)));
        match chown(uid, gid) {
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::PERM) if self.how.squash => {
                // One of the two may exist.
                if chown(uid, None).is_err() {
                    mode.remove(Mode::SUID);
                }
                if chown(None, gid).is_err() {
                    mode.remove(Mode::SGID);
                }
                self.squashed.set(self.squashed.get() + 1);
                Ok(mode)
            }
            Err(e @ (rustix::io::Errno::INVAL | rustix::io::Errno::PERM)) => {
                let detail =
                    format!("it belongs to user {} and group {}, which this user may not use", entry.uid, entry.gid);
                let hint = "give this user more ids in /etc/subuid and /etc/subgid, or use --squash-ids: files of other ids become its own";
                Err(Error::from(e).with_detail(detail).with_hint(hint))
            }
            owned => Ok(owned.map(|()| mode)?),
        }
    }

    /// Sets the attributes of an open file. Those of overlays would redirect it to another.
    fn attributes(&self, fd: BorrowedFd<'_>, entry: &Entry, tally: &mut Tally<'_>) -> Result<()> {
        for attribute in &entry.attributes {
            if attribute.0.starts_with(b"user.overlay.") {
                continue;
            }
            let set = attributes::set(fd, attribute)?;
            tally.attributes += u64::from(!set);
            if !set && attribute.0 == CAPABILITY {
                let error = Error::new(Errno::EPERM).with_detail("its file capabilities cannot be set");
                return Err(error.with_hint(
                    "they need CAP_SETFCAP, a file system with attributes, and the capabilities of a user that exists here",
                ));
            }
        }
        Ok(())
    }

    fn file(&mut self, name: &[u8], size: u64, entry: &Entry, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
        if let Data::Sparse(_) = data {
            self.sparse = self.sparse.saturating_add(size);
            let most = self.how.limits.bytes;
            if self.sparse > most {
                return Err(exceeds("max_bytes", format!("the sparse files of the layer have more than {most} bytes")));
            }
        }
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(entry.mode);
        let file = File::from(self.make(name, |folder| {
            rustix::fs::openat(folder, name, flags, mode.intersection(Mode::from_raw_mode(0o777)))
        })?);
        content::fill(&file, size, data, tally)?;
        let mode = self.own(entry, |uid, gid| rustix::fs::fchown(&file, uid, gid))?;
        self.attributes(file.as_fd(), entry, tally)?;
        // A write and a change of the owner clear these bits.
        if mode.intersects(Mode::from_raw_mode(0o7000)) {
            rustix::fs::fchmod(&file, mode)?;
        }
        Ok(rustix::fs::futimens(&file, &times(entry))?)
    }

    fn directory(&mut self, path: &[u8], name: &[u8], entry: &Entry, tally: &mut Tally<'_>) -> Result<()> {
        let mode = Mode::from_raw_mode(entry.mode);
        let make =
            |folder: BorrowedFd<'_>| rustix::fs::mkdirat(folder, name, mode.intersection(Mode::from_raw_mode(0o1777)));
        let found = if path.is_empty() { Err(rustix::io::Errno::EXIST) } else { make(self.folder()) };
        let new = match found {
            Err(rustix::io::Errno::EXIST) => {
                let there = rustix::fs::statat(self.folder(), name, AtFlags::SYMLINK_NOFOLLOW)?;
                let file = FileType::from_raw_mode(there.st_mode) != FileType::Directory;
                if file {
                    self.clear(name)?;
                    make(self.folder())?;
                }
                file
            }
            made => made.map(|()| true)?,
        };
        let mode =
            self.own(entry, |uid, gid| rustix::fs::chownat(self.folder(), name, uid, gid, AtFlags::SYMLINK_NOFOLLOW))?;
        let inherited = self.last.as_ref().is_some_and(|last| last.setgid);
        if !new || inherited || !entry.attributes.is_empty() || mode.intersects(Mode::from_raw_mode(0o6000)) {
            let fd = rustix::fs::openat(self.folder(), name, DIRECTORY, Mode::empty())?;
            self.attributes(fd.as_fd(), entry, tally)?;
            rustix::fs::fchmod(&fd, mode)?;
        }
        self.keep(path.len())?;
        self.directories.push((path.to_vec(), times(entry)));
        Ok(())
    }

    /// Owner and time of a file that is not opened.
    fn node(&mut self, name: &[u8], entry: &Entry) -> Result<()> {
        self.own(entry, |uid, gid| rustix::fs::chownat(self.folder(), name, uid, gid, AtFlags::SYMLINK_NOFOLLOW))?;
        Ok(rustix::fs::utimensat(self.folder(), name, &times(entry), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn hard_link(&mut self, path: &[u8], name: &[u8], target: &[u8]) -> Result<()> {
        if !matches!(classify(target), Ok(Name::File)) || target.is_empty() {
            return Err(Error::new(Errno::EINVAL).with_detail("it is a hard link to no file"));
        }
        // To itself: it would be removed first.
        if path == target {
            return Ok(());
        }
        let (above, old) = split(target);
        match self.below(above)? {
            Some(from) => {
                let linked = self.make(name, |folder| rustix::fs::linkat(&from, old, folder, name, AtFlags::empty()));
                match linked {
                    Err(e) if e.errno == Errno::ENOENT => self.clear(name)?,
                    Err(e) if e.errno == Errno::EPERM => {
                        return Err(e.with_detail(UNLINKABLE));
                    }
                    linked => return linked,
                }
            }
            None => self.clear(name)?,
        }
        // The target is in a lower layer, or follows.
        self.keep(path.len() + target.len())?;
        self.links.push((path.to_vec(), target.to_vec()));
        Ok(())
    }

    /// Opens a directory within the root for a hard link's target; `None` if it is not there.
    pub(super) fn below(&self, path: &[u8]) -> Result<Option<OwnedFd>> {
        directory_below(self.root.as_fd(), path, OFlags::PATH)
    }

    /// Counts what is kept until the end.
    fn keep(&mut self, bytes: usize) -> Result<()> {
        self.kept += bytes + size_of::<(Vec<u8>, Timestamps)>();
        if self.kept > KEPT_MOST {
            let detail =
                format!("the names of its directories, whiteouts and links have more than {} MiB", KEPT_MOST >> 20);
            return Err(Error::new(Errno::EFBIG).with_detail(detail));
        }
        Ok(())
    }

    fn take(&mut self, entry: &Entry, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
        self.entries += 1;
        if self.entries > self.how.limits.entries {
            let why = format!("the layer has more than {} files", self.how.limits.entries);
            return Err(exceeds("max_entries", why));
        }
        let path = &entry.path[..];
        let name = match classify(path)? {
            Name::File if entry.kind == Kind::Device(false, 0) => Name::Whiteout(path.to_vec()),
            name => name,
        };
        match name {
            Name::Reserved => return Ok(()),
            Name::Whiteout(path) => {
                self.imply(split(&path).0)?;
                self.keep(path.len())?;
                self.whiteouts.push(path);
                return Ok(());
            }
            Name::Opaque(path) => {
                self.imply(&path)?;
                self.keep(path.len())?;
                self.opaque.push(path);
                return Ok(());
            }
            Name::File => {}
        }
        let (above, name) = split(path);
        self.enter(above)?;
        if path.is_empty() {
            let error = Error::new(Errno::EINVAL).with_detail("the root of the layer is not a directory");
            return if entry.kind == Kind::Dir { self.directory(path, b".", entry, tally) } else { Err(error) };
        }
        match &entry.kind {
            Kind::Dir => self.directory(path, name, entry, tally),
            Kind::File(size) => self.file(name, *size, entry, data, tally),
            Kind::Link(target) => {
                self.make(name, |folder| rustix::fs::symlinkat(&target[..], folder, name))?;
                self.node(name, entry)
            }
            Kind::HardLink(target) => self.hard_link(path, name, target),
            Kind::Fifo | Kind::Device(..) => self.special(name, entry, tally),
        }
    }

    /// A FIFO or a device. Nobody can create a device in a user namespace.
    fn special(&mut self, name: &[u8], entry: &Entry, tally: &mut Tally<'_>) -> Result<()> {
        let (kind, device) = match entry.kind {
            Kind::Device(true, number) => (FileType::BlockDevice, number),
            Kind::Device(false, number) => (FileType::CharacterDevice, number),
            _ => (FileType::Fifo, 0),
        };
        let mode = Mode::from_raw_mode(entry.mode);
        match self.make(name, |folder| rustix::fs::mknodat(folder, name, kind, mode, device)) {
            Err(e) if e.errno == Errno::EPERM && kind != FileType::Fifo => {
                tally.devices += 1;
                return Ok(());
            }
            made => made?,
        }
        self.node(name, entry)
    }
}

/// Opens a directory within a root, in which links in its path are resolved; `None` if it is not there.
pub(super) fn directory_below(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<Option<OwnedFd>> {
    let path = if path.is_empty() { b"." } else { path };
    let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
    match openat2(root, path, flags, Mode::empty(), resolve) {
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(None),
        opened => Ok(Some(opened?)),
    }
}

impl Sink for Writer {
    fn put(&mut self, entry: &Entry, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
        interrupt::check()?;
        self.take(entry, data, tally).map_err(|e| e.with_path(String::from_utf8_lossy(&entry.path).into_owned()))
    }

    fn is_top(&self, _: (u64, u64)) -> bool {
        false
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
