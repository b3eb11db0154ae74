//! Our own program, out of reach of what it runs: a process in a container can open /proc/PID/exe of
//! one of ours and write to it once that has ended (CVE-2019-5736). So the command is started over from
//! a detached read-only mount of the file, or where that may not be made from a sealed copy in memory.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use rustix::fs::{CWD, MemfdFlags, Mode, OFlags, SealFlags, StatVfsMountFlags};

use super::{Context, Error, Result, mount, title};

const OWN: &str = "/proc/self/exe";

/// Whether nothing that this process runs can write to its program: its mount is read-only, it is sealed, or it
/// is root's and this process is not.
pub fn sealed() -> Result<bool> {
    let fd = rustix::fs::openat(CWD, OWN, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).at(OWN)?;
    let read_only = rustix::fs::fstatvfs(&fd).at(OWN)?.f_flag.contains(StatVfsMountFlags::RDONLY);
    let file = rustix::fs::fstat(&fd).at(OWN)?;
    // An ordinary user's containers have no id of root's, whatever they may do.
    let roots = file.st_uid == 0 && file.st_mode & 0o022 == 0 && !rustix::process::geteuid().is_root();
    Ok(read_only || roots || rustix::fs::fcntl_get_seals(&fd).is_ok_and(|seals| seals.contains(SealFlags::WRITE)))
}

/// Starts this command over from where its program cannot be written; returns where it is so already.
/// Errors: ENOENT without /proc.
pub fn seal() -> Result<()> {
    if sealed()? {
        return named();
    }
    let program = match read_only() {
        Err(e) if e.errno == Errno::EPERM => copy().detail("a copy in memory")?,
        mounted => mounted?,
    };
    let arguments = c_strings(title::arguments().into_iter())?;
    let variables = c_strings(std::env::vars_os().map(|(key, value)| {
        let mut text = key.into_vec();
        text.push(b'=');
        text.extend(value.into_vec());
        text
    }))?;
    super::process::flush_stdio();
    let Err(errno) =
        nix::unistd::execveat(program.as_fd(), c"", &arguments, &variables, nix::fcntl::AtFlags::AT_EMPTY_PATH);
    Err(Error::new(errno).with_path(OWN))
}

fn c_strings(list: impl Iterator<Item = Vec<u8>>) -> Result<Vec<CString>> {
    list.map(|text| CString::new(text).map_err(|_| Error::new(Errno::EINVAL))).collect()
}

/// A program that was run by its descriptor is called by the number of that until Linux 6.14.
fn named() -> Result<()> {
    let Some(first) = title::arguments().into_iter().next() else { return Ok(()) };
    let name = Path::new(OsStr::from_bytes(&first)).file_name().map(OsStr::as_bytes).unwrap_or_default();
    let name = CString::new(&name[..name.len().min(15)]).unwrap_or_default();
    Ok(rustix::thread::set_name(&name)?)
}

fn read_only() -> Result<OwnedFd> {
    let file = rustix::fs::openat(CWD, OWN, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).at(OWN)?;
    let mounted = mount::copy(file.as_fd(), false)?;
    mount::set_attributes(mounted.as_fd(), libc::MOUNT_ATTR_RDONLY, 0, 0, false)?;
    Ok(mounted)
}

fn copy() -> Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let made = match rustix::fs::memfd_create("tinylua", flags | MemfdFlags::EXEC) {
        // Before Linux 6.3 each could be executed, and there was no word for it.
        Err(rustix::io::Errno::INVAL) => rustix::fs::memfd_create("tinylua", flags)?,
        made => made?,
    };
    let mut writer = File::from(made);
    std::io::copy(&mut File::open(OWN).at(OWN)?, &mut writer)?;
    let all = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    rustix::fs::fcntl_add_seals(&writer, all)?;
    // What is open for writing cannot be run (ETXTBSY).
    let path = format!("/proc/self/fd/{}", writer.as_raw_fd());
    rustix::fs::openat(CWD, &path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).at(path)
}
