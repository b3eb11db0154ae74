//! Files for the state store and for output: whole reads, atomic writes, directory listings, locks.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags};

use super::alarm::Alarm;
use super::path::{Place, without_umask};
use super::{Context, Error, Result, interrupt};

/// A duplicate of standard error that programs never inherit.
pub fn duplicate_stderr() -> Result<Arc<OwnedFd>> {
    Ok(Arc::new(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 100)?))
}

/// Replaces a descriptor by /dev/null: its number stays valid, and the file behind it is closed.
pub fn silence(fd: BorrowedFd<'_>) -> Result<()> {
    let null = rustix::fs::openat(CWD, "/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()).at("/dev/null")?;
    // SAFETY: both descriptors are open, and the owner of `fd` keeps owning its number.
    let done = unsafe { libc::dup3(null.as_raw_fd(), fd.as_raw_fd(), libc::O_CLOEXEC) };
    if done < 0 { Err(Error::last()) } else { Ok(()) }
}

/// An unnamed file in memory, with all writes appended: forked processes share it.
pub fn memory_file() -> Result<OwnedFd> {
    let file = rustix::fs::memfd_create("tinylua", rustix::fs::MemfdFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&file, OFlags::APPEND)?;
    Ok(rustix::io::fcntl_dupfd_cloexec(file, 100)?)
}

/// A file under this name, for writing: empty, or to append to, made for its owner alone where it is missing.
pub fn create(path: &Path, append: bool) -> Result<OwnedFd> {
    let (how, mode) = if append { (OFlags::APPEND, 0o600) } else { (OFlags::TRUNC, 0o644) };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOCTTY | how;
    let file = rustix::fs::open(path, flags, Mode::from_raw_mode(mode))?;
    Ok(rustix::io::fcntl_dupfd_cloexec(file, 100)?)
}

/// The whole content of a file, independent of its offset.
pub fn read_whole(fd: BorrowedFd<'_>) -> Result<Vec<u8>> {
    let mut bytes = vec![0; rustix::fs::fstat(fd)?.st_size.max(0) as usize];
    let mut at = 0;
    while at < bytes.len() {
        match rustix::io::pread(fd, &mut bytes[at..], at as u64) {
            Ok(0) => bytes.truncate(at),
            Ok(n) => at += n,
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(bytes)
}

/// Replaces the content of a file with `bytes`; a pipe or device is only written to.
pub fn replace_all(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<()> {
    if rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode) == rustix::fs::FileType::RegularFile {
        rustix::fs::ftruncate(fd, 0)?;
        rustix::fs::seek(fd, rustix::fs::SeekFrom::Start(0))?;
    }
    write_all(fd, bytes)
}

/// Writes all of `bytes`, continuing after short writes and interruptions.
pub fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            Err(rustix::io::Errno::AGAIN) => {
                super::event::ready(fd, rustix::event::PollFlags::OUT, None)?;
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

/// Writes once as much as fits; 0 if a nonblocking descriptor is full.
pub fn write_some(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize> {
    loop {
        match rustix::io::write(fd, bytes) {
            Ok(n) => return Ok(n),
            Err(rustix::io::Errno::AGAIN) => return Ok(0),
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Reads at most `most` bytes of a regular file; FIFOs and devices are refused, since a read could block forever.
/// ENOENT if it is missing, EFBIG if it is larger.
pub fn read(place: Place<'_>, most: u64) -> Result<Vec<u8>> {
    use std::io::Read;
    let fd = place.open_with(OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
    let stat = rustix::fs::fstat(&fd).at(place.path)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        let errno = if FileType::from_raw_mode(stat.st_mode).is_dir() { Errno::EISDIR } else { Errno::EINVAL };
        return Err(Error::new(errno).with_path(place.path).with_detail("it is not a regular file"));
    }
    // The kernel's own files report size 0, and some of them return everything in the first read or not at all.
    let size = if stat.st_size > 0 { stat.st_size.min(1 << 20) as usize } else { 4096 };
    let mut text = Vec::with_capacity(size + 1);
    let mut file = std::fs::File::from(fd).take(most + 1);
    // With space for one more byte, the first read shows whether the file is complete: most are short, and listing
    // containers reads thousands.
    text.resize(size + 1, 0);
    let first = file.read(&mut text).at(place.path)?;
    text.truncate(first);
    if first != stat.st_size.max(0) as usize {
        file.read_to_end(&mut text).at(place.path)?;
    }
    if text.len() as u64 > most {
        return Err(Error::new(Errno::EFBIG)
            .with_path(place.path)
            .with_detail(format!("it is larger than {most} bytes")));
    }
    Ok(text)
}

/// How `write` writes a file.
#[derive(Clone, Copy, Default)]
pub struct Writing {
    /// The file's mode.
    pub mode: u32,
    /// Whether the data and the name must be on disk before it returns.
    pub sync: bool,
    /// Whether an existing file is an error (EEXIST) instead of being replaced.
    pub exclusive: bool,
}

/// Writes a whole file atomically: readers see the old or the new content; a symbolic link of that name is replaced,
/// not followed. On failure (ENOSPC) nothing is left behind.
pub fn write(place: Place<'_>, data: &[u8], how: Writing) -> Result<()> {
    let (folder, name) = place.parent()?;
    let temporary = format!(".{}.new", random_hex(8)?);
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mode = Mode::from_raw_mode(how.mode);
    let fd = without_umask(|| rustix::fs::openat(&folder, &temporary, flags, mode)).at(place.path)?;
    let placed = fill(&fd, data, how.sync).and_then(|()| put(folder.as_fd(), &temporary, name, how));
    if placed.is_err() {
        let _ = rustix::fs::unlinkat(&folder, &temporary, AtFlags::empty());
    } else if how.sync {
        let folder = rustix::fs::openat(&folder, ".", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        folder.and_then(rustix::fs::fsync).at(place.path)?;
    }
    placed.at(place.path)
}

fn fill(fd: &OwnedFd, data: &[u8], sync: bool) -> Result<()> {
    write_all(fd.as_fd(), data)?;
    if sync {
        rustix::fs::fdatasync(fd)?;
    }
    Ok(())
}

/// Renames the temporary file to its name.
fn put(folder: BorrowedFd<'_>, temporary: &str, name: &OsStr, how: Writing) -> Result<()> {
    let onto = |flags| rustix::fs::renameat_with(folder, temporary, folder, name, flags);
    if how.exclusive {
        return Ok(onto(RenameFlags::NOREPLACE)?);
    }
    // ext4 writes the data out when a rename replaces a file (auto_da_alloc), which costs more than everything else
    // here. An exchange is also atomic and avoids this.
    if how.sync || onto(RenameFlags::EXCHANGE).is_err() {
        return Ok(onto(RenameFlags::empty())?);
    }
    let removed = rustix::fs::unlinkat(folder, temporary, AtFlags::empty());
    if removed.is_err() {
        // An exchange also replaces a directory, where a rename would fail.
        onto(RenameFlags::EXCHANGE)?;
    }
    Ok(removed?)
}

/// Renames a file or directory; with `exclusive`, fails with EEXIST if the new name exists.
pub fn rename(from: &Path, to: &Path, exclusive: bool) -> Result<()> {
    let flags = if exclusive { RenameFlags::NOREPLACE } else { RenameFlags::empty() };
    rustix::fs::renameat_with(CWD, from, CWD, to, flags).detail(format!("to {}", to.display())).at(from)
}

/// Appends with one write, so that lines of several processes do not mix. On a full disk a part may be written, which
/// stays: it cannot be distinguished from data that other processes have appended.
pub fn append(path: &Path, data: &[u8], mode: u32) -> Result<()> {
    let flags = OFlags::CREATE | OFlags::APPEND | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(mode)).at(path)?;
    write_all(fd.as_fd(), data).at(path)
}

/// The names in a directory, sorted, without `.` and `..`; `links`: whether links in the path are followed.
pub fn list(place: Place<'_>, links: bool) -> Result<Vec<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let folder = if links { place.open_with(flags) } else { place.open_without_links(flags) }?;
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::new(folder).at(place.path)? {
        let name = entry.at(place.path)?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Removes a file, a link or an empty directory.
pub fn remove(place: Place<'_>) -> Result<()> {
    let unlink = |folder: BorrowedFd<'_>, name: &OsStr| match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Err(rustix::io::Errno::ISDIR) => rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR).at(place.path),
        removed => removed.at(place.path),
    };
    if place.root.is_none() {
        return unlink(CWD, place.path.as_os_str());
    }
    let (folder, name) = place.parent()?;
    unlink(folder.as_fd(), name)
}

/// The result of stat(2).
pub struct Stat {
    /// "file", "dir", "link", "fifo", "socket", "char" or "block".
    pub kind: &'static str,
    /// Bytes.
    pub size: i64,
    /// The permission bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The modification time in seconds since 1970.
    pub mtime: f64,
    /// The file system's device number.
    pub dev: u64,
    /// The inode number.
    pub ino: u64,
    /// The device number of a "char" or "block" file.
    pub rdev: u64,
}

/// Which symbolic links `stat` follows.
#[derive(Clone, Copy, PartialEq)]
pub enum Links {
    /// All.
    Followed,
    /// Those in the path; a link in the last component is not followed.
    OnTheWay,
    /// None: a link in the path is an error (ELOOP).
    Refused,
}

/// The name of a file type.
pub fn kind(mode: u32) -> &'static str {
    match FileType::from_raw_mode(mode) {
        FileType::Directory => "dir",
        FileType::Symlink => "link",
        FileType::Fifo => "fifo",
        FileType::Socket => "socket",
        FileType::CharacterDevice => "char",
        FileType::BlockDevice => "block",
        _ => "file",
    }
}

/// Returns the attributes of a file.
pub fn stat(place: Place<'_>, links: Links) -> Result<Stat> {
    let fd = match links {
        Links::Followed => place.open(),
        Links::OnTheWay => place.open_with(OFlags::PATH | OFlags::NOFOLLOW),
        Links::Refused => place.open_without_links(OFlags::PATH | OFlags::NOFOLLOW),
    }?;
    let s = rustix::fs::fstat(&fd).at(place.path)?;
    let kind = kind(s.st_mode);
    let mtime = s.st_mtime as f64 + s.st_mtime_nsec as f64 / 1e9;
    Ok(Stat {
        kind,
        size: s.st_size,
        mode: s.st_mode & 0o7777,
        uid: s.st_uid,
        gid: s.st_gid,
        mtime,
        dev: s.st_dev,
        ino: s.st_ino,
        rdev: s.st_rdev,
    })
}

/// Locks a file, and creates it if missing (flock(2)); `wait` is the timeout in seconds, without limit for `None`.
/// Returns `None` if another process still holds the lock. Forked children share it until `unlock` or until the last of
/// them ends.
pub fn lock(path: &Path, exclusive: bool, wait: Option<f64>) -> Result<Option<OwnedFd>> {
    use rustix::fs::FlockOperation as Op;
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)).at(path)?;
    let (now, later) = match exclusive {
        true => (Op::NonBlockingLockExclusive, Op::LockExclusive),
        false => (Op::NonBlockingLockShared, Op::LockShared),
    };
    // It is nearly always free.
    match rustix::fs::flock(&fd, now) {
        Ok(()) => return Ok(Some(fd)),
        Err(rustix::io::Errno::WOULDBLOCK) if wait == Some(0.0) => return Ok(None),
        Err(rustix::io::Errno::WOULDBLOCK) => {}
        Err(e) => return Err(e).at(path),
    }
    let alarm = wait.map(Alarm::after).transpose()?;
    loop {
        match rustix::fs::flock(&fd, later) {
            Ok(()) => return Ok(Some(fd)),
            Err(rustix::io::Errno::INTR) if alarm.as_ref().is_some_and(Alarm::is_over) => return Ok(None),
            Err(rustix::io::Errno::INTR) if !interrupt::pending() => {}
            Err(e) => return Err(e).at(path),
        }
    }
}

/// Releases a lock for every process that inherited the descriptor (flock(2)).
pub fn unlock(fd: BorrowedFd<'_>) -> Result<()> {
    Ok(rustix::fs::flock(fd, rustix::fs::FlockOperation::Unlock)?)
}

/// Changes owner and group; never follows a link. Errors: EINVAL for 4294967295, which the kernel takes as "unchanged".
pub fn chown(place: Place<'_>, uid: u32, gid: u32) -> Result<()> {
    use rustix::fs::{Gid, Uid};
    if uid == u32::MAX || gid == u32::MAX {
        return Err(Error::new(Errno::EINVAL)
            .with_path(place.path)
            .with_detail("4294967295 is not a valid user or group id"));
    }
    let fd = place.open_with(OFlags::PATH | OFlags::NOFOLLOW)?;
    rustix::fs::chownat(&fd, "", Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)), AtFlags::EMPTY_PATH).at(place.path)
}

/// `bytes` random bytes as hexadecimal digits (getrandom(2)).
pub fn random_hex(bytes: usize) -> Result<String> {
    let mut raw = vec![0u8; bytes];
    let mut filled = 0;
    while filled < bytes {
        filled += rustix::rand::getrandom(&mut raw[filled..], rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(raw.iter().map(|b| format!("{b:02x}")).collect())
}

/// Creates a symbolic link below a root.
pub fn symlink(target: &Path, place: Place<'_>) -> Result<()> {
    let (folder, name) = place.parent()?;
    rustix::fs::symlinkat(target, &folder, name).at(place.path)
}

/// The target of a symbolic link.
pub fn readlink(place: Place<'_>) -> Result<Vec<u8>> {
    let fd = place.open_with(OFlags::PATH | OFlags::NOFOLLOW)?;
    match rustix::fs::readlinkat(&fd, "", Vec::new()) {
        Ok(target) => Ok(CString::into_bytes(target)),
        // With a descriptor, the kernel returns ENOENT for a file that is not a link (readlink(2)); the file was found.
        Err(rustix::io::Errno::NOENT) => Err(Error::new(Errno::EINVAL).with_path(place.path)),
        Err(e) => Err(e).at(place.path),
    }
}
