//! Protects this program from the programs it runs: a process in a container can open /proc/PID/exe of one of our
//! processes, change its mode, and write to it once that process has ended (CVE-2019-5736). A command that enters a
//! container first re-executes itself from a detached read-only mount of the file, or from a sealed copy in memory if
//! it cannot mount. The mount belongs to no mount namespace after its descriptor is closed, so no process can make it
//! writable again (mount_setattr(2), EINVAL).

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use rustix::fs::{CWD, MemfdFlags, Mode, OFlags, SealFlags, StatVfsMountFlags};

use super::{Context, Error, Result, mount, process, title};

const OWN: &str = "/proc/self/exe";

/// Set once the program is known to be unwritable. It stays true: the kernel never removes a read-only mount or a seal
/// from a running program. A forked child inherits the result, which it could not determine in a root without /proc.
static SEALED: AtomicBool = AtomicBool::new(false);

/// Whether no process started by this one can write to its program: its mount is read-only, it is sealed, or it belongs
/// to root and this process does not run as root.
pub fn sealed() -> Result<bool> {
    let known = SEALED.load(Ordering::Relaxed) || look()?;
    SEALED.store(known, Ordering::Relaxed);
    Ok(known)
}

/// A read-only mount only counts if it is in no mount namespace, so that it has no path: any other may be made writable
/// again, for an upgrade, while a container holds the file open.
fn look() -> Result<bool> {
    let path = rustix::fs::readlink(OWN, Vec::new()).at(OWN)?;
    if matches!(path.to_bytes(), b"/" | b"/ (deleted)")
        && rustix::fs::statvfs(OWN).at(OWN)?.f_flag.contains(StatVfsMountFlags::RDONLY)
    {
        return Ok(true);
    }
    let fd = rustix::fs::openat(CWD, OWN, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).at(OWN)?;
    let file = rustix::fs::fstat(&fd).at(OWN)?;
    // Containers of an unprivileged user never have root's ids, whatever they do.
    let roots = file.st_uid == 0 && file.st_mode & 0o022 == 0 && !rustix::process::geteuid().is_root();
    Ok(roots || rustix::fs::fcntl_get_seals(&fd).is_ok_and(|seals| seals.contains(SealFlags::WRITE)))
}

/// Refuses to enter a container with a program that the container could overwrite. Every function that enters a
/// container calls this. Errors: EACCES, with a hint.
pub fn require() -> Result<()> {
    if sealed().unwrap_or(false) {
        return Ok(());
    }
    let error = Error::new(Errno::EACCES)
        .with_detail("the container could overwrite the program of this process (CVE-2019-5736)");
    Err(error.with_hint("call tiny.seal() first, before anything that must not run twice; it needs /proc"))
}

/// Re-executes this command from an unwritable program; returns if it already is. Errors: ENOENT without /proc.
pub fn seal() -> Result<()> {
    if sealed()? {
        return Ok(());
    }
    tracing::debug!(target: "seal", "starts over from where its program cannot be written");
    let arguments = c_strings(title::arguments().into_iter())?;
    let variables = c_strings(std::env::vars_os().map(|(key, value)| {
        let mut text = key.into_vec();
        text.push(b'=');
        text.extend(value.into_vec());
        text
    }))?;
    super::process::flush_stdio();
    let start = |program: Result<OwnedFd>| -> Result<std::convert::Infallible> {
        let program = program?;
        let flags = nix::fcntl::AtFlags::AT_EMPTY_PATH;
        let Err(errno) = nix::unistd::execveat(program.as_fd(), c"", &arguments, &variables, flags);
        Err(Error::new(errno).with_path(OWN))
    };
    let own = || rustix::fs::openat(CWD, OWN, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).at(OWN);
    // Without the privilege to mount here, in our own mount namespace. If none may be created, if the program is not
    // below this root, or if a policy forbids running a program without a path, a copy in memory is used.
    let Err(_) = start(own().and_then(read_only).or_else(|_| from_own_namespace()));
    match start(copy().detail("a copy in memory"))? {}
}

fn c_strings(list: impl Iterator<Item = Vec<u8>>) -> Result<Vec<CString>> {
    list.map(|text| CString::new(text).map_err(|_| Error::new(Errno::EINVAL))).collect()
}

fn read_only(file: OwnedFd) -> Result<OwnedFd> {
    let mounted = mount::copy(file.as_fd(), false)?;
    mount::set_attributes(mounted.as_fd(), libc::MOUNT_ATTR_RDONLY, 0, 0, false)?;
    Ok(mounted)
}

/// The same through a short-lived child in its own user and mount namespaces. It shares our descriptor table: the mount
/// that it creates is open here too, and outlives its namespace.
fn from_own_namespace() -> Result<OwnedFd> {
    let (told, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let flags = libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_FILES;
    let child = process::plain_clone(flags as u64)?;
    if child == 0 {
        process::send(tell.as_fd(), same_file().and_then(read_only).map(IntoRawFd::into_raw_fd));
        process::end_child(0);
    }
    let child = nix::unistd::Pid::from_raw(child);
    while nix::sys::wait::waitpid(child, None) == Err(Errno::EINTR) {}
    drop(tell);
    let number = process::recv(told.as_fd())?;
    // SAFETY: the child opened it in the table that it shared with us, and left it to us.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// The program's path in this mount namespace: the link in /proc leads to the mount from which it was started, in
/// another namespace.
fn same_file() -> Result<OwnedFd> {
    let path = rustix::fs::readlink(OWN, Vec::new()).at(OWN)?;
    let file = rustix::fs::openat(CWD, &path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let (found, own) = (rustix::fs::fstat(&file)?, rustix::fs::stat(OWN)?);
    if (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino) { Ok(file) } else { Err(Errno::ENOENT.into()) }
}

fn copy() -> Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let made = match rustix::fs::memfd_create("tinylua", flags | MemfdFlags::EXEC) {
        // Before Linux 6.3 all memfds were executable, and the flag did not exist.
        Err(rustix::io::Errno::INVAL) => rustix::fs::memfd_create("tinylua", flags)?,
        made => made?,
    };
    let mut writer = File::from(made);
    std::io::copy(&mut File::open(OWN).at(OWN)?, &mut writer)?;
    let all = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    rustix::fs::fcntl_add_seals(&writer, all)?;
    // A file that is open for writing cannot be executed (ETXTBSY).
    let path = format!("/proc/self/fd/{}", writer.as_raw_fd());
    rustix::fs::openat(CWD, &path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).at(path)
}
