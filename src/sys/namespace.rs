//! Namespaces: the eight kinds, creating one, joining one (namespaces(7), unshare(2), setns(2)).

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::sched::CloneFlags;

use super::{Context, Error, Result};

/// The kinds by their names in Lua, with the flag and the name below /proc/PID/ns.
pub const KINDS: [(&str, u64, &str); 8] = [
    ("user", libc::CLONE_NEWUSER as u64, "user"),
    ("pid", libc::CLONE_NEWPID as u64, "pid_for_children"),
    ("net", libc::CLONE_NEWNET as u64, "net"),
    ("mount", libc::CLONE_NEWNS as u64, "mnt"),
    ("uts", libc::CLONE_NEWUTS as u64, "uts"),
    ("ipc", libc::CLONE_NEWIPC as u64, "ipc"),
    ("cgroup", libc::CLONE_NEWCGROUP as u64, "cgroup"),
    ("time", NEWTIME, "time_for_children"),
];

/// CLONE_NEWTIME; clone(2) uses its bit for the exit signal, clone3(2) and unshare(2) accept it.
pub const NEWTIME: u64 = 0x80;

/// The flag of a kind; `None` for an unknown name.
pub fn flag(kind: &str) -> Option<u64> {
    KINDS.iter().find(|(name, ..)| *name == kind).map(|(_, flag, _)| *flag)
}

fn proc_name(kind: &str) -> &'static str {
    KINDS.iter().find(|(name, ..)| *name == kind).map_or("net", |(_, _, file)| file)
}

/// Moves the calling process into new namespaces. A new pid or time namespace applies only to future children. Errors:
/// EPERM without CAP_SYS_ADMIN, ENOSPC over the namespace limits, EUSERS and EINVAL as in unshare(2).
pub fn unshare(flags: u64) -> Result<()> {
    // SAFETY: unshare takes no pointers; the kernel checks the flags.
    match unsafe { libc::syscall(libc::SYS_unshare, flags) } {
        0 if flags & libc::CLONE_NEWUSER as u64 == 0 => Ok(()),
        0 => {
            super::parent_death::renew();
            Ok(())
        }
        _ => Err(Error::last()),
    }
}

/// Joins the namespace behind `fd` (an nsfs file, or a pidfd with several flags).
pub fn setns(fd: BorrowedFd<'_>, flags: u64) -> Result<()> {
    // SAFETY: setns takes a descriptor and flags; both are checked by the kernel.
    match unsafe { libc::setns(fd.as_raw_fd(), flags as i32) } {
        0 => {
            if flags & libc::CLONE_NEWUSER as u64 != 0 {
                super::parent_death::renew();
            }
            Ok(())
        }
        _ => Err(Error::last()),
    }
}

/// Opens a namespace of the process with this pid in the caller's procfs ("self" for the caller).
pub fn open_of(pid: &str, kind: &str) -> Result<OwnedFd> {
    open_path(&format!("/proc/{pid}/ns/{}", proc_name(kind)))
}

/// Opens a namespace file such as /run/netns/web; EINVAL if it is not one.
pub fn open_path(path: &str) -> Result<OwnedFd> {
    let file = File::open(path).at(path)?;
    let stat = rustix::fs::fstatfs(&file).at(path)?;
    const NSFS_MAGIC: u64 = 0x6e73_6673;
    if stat.f_type as u64 != NSFS_MAGIC {
        return Err(Error::new(nix::errno::Errno::EINVAL).with_path(path).with_detail("it is not a namespace file"));
    }
    Ok(file.into())
}

/// Opens a namespace file that must be of this kind (ioctl_ns(2), NS_GET_NSTYPE).
pub fn open_kind(path: &str, kind: &str) -> Result<OwnedFd> {
    const NS_GET_NSTYPE: libc::Ioctl = 0xb703;
    let fd = open_path(path)?;
    // SAFETY: NS_GET_NSTYPE takes no argument and returns the kind's flag.
    let found = unsafe { libc::ioctl(fd.as_raw_fd(), NS_GET_NSTYPE) };
    match KINDS.iter().find(|(_, flag, _)| i64::from(found) == *flag as i64) {
        Some((name, ..)) if *name == kind => Ok(fd),
        Some((name, ..)) => {
            let wrong = Error::new(nix::errno::Errno::EINVAL).with_path(path);
            Err(wrong.with_detail(format!("it is a {name} namespace")))
        }
        None => Err(Error::last().with_path(path)),
    }
}

/// Creates a namespace of one kind without a process in it: enter it, open it, return. The offsets (nanoseconds for
/// "monotonic" and "boottime") are for a time namespace (time_namespaces(7)). Not for pid, user and mount namespaces,
/// which cannot be left again.
pub fn create(kind: &str, offsets: &[(&str, i128)]) -> Result<OwnedFd> {
    let flag = flag(kind).ok_or(nix::errno::Errno::EINVAL)?;
    let home = if kind == "time" { own_time()? } else { open_of("self", kind)? };
    unshare(flag)?;
    let made = set_offsets(offsets).and_then(|()| open_of("self", kind));
    // Returning must not fail: the process would continue in the wrong namespace.
    setns(home.as_fd(), flag).detail("returning to the caller's own namespace")?;
    made
}

/// The caller's own time namespace, to return to, also for its children: setns(2) sets both. A different one that is
/// already set for the children would be lost, and is refused.
fn own_time() -> Result<OwnedFd> {
    let own = open_path("/proc/self/ns/time")?;
    if inode(own.as_fd())? != inode(open_of("self", "time")?.as_fd())? {
        let busy = Error::new(nix::errno::Errno::EBUSY);
        return Err(busy.with_detail("a new time namespace is already set for this process's children"));
    }
    Ok(own)
}

fn set_offsets(offsets: &[(&str, i128)]) -> Result<()> {
    const SECOND: i128 = 1_000_000_000;
    for (clock, nanos) in offsets {
        let line = format!("{clock} {} {}\n", nanos.div_euclid(SECOND), nanos.rem_euclid(SECOND));
        std::fs::write("/proc/self/timens_offsets", line).at("/proc/self/timens_offsets")?;
    }
    Ok(())
}

/// The identity of an open namespace: its inode number, as `readlink /proc/PID/ns/net` shows it.
pub fn inode(fd: BorrowedFd<'_>) -> Result<u64> {
    Ok(rustix::fs::fstat(fd)?.st_ino)
}

/// Runs `f` in the network namespace behind `fd` (`None`: the caller's) and returns to the caller's. A socket opened by
/// `f` stays in that namespace.
pub fn in_netns<R>(fd: Option<BorrowedFd<'_>>, f: impl FnOnce() -> Result<R>) -> Result<R> {
    let Some(fd) = fd else { return f() };
    let home = open_of("self", "net")?;
    setns(fd, CloneFlags::CLONE_NEWNET.bits() as u64)?;
    let result = f();
    setns(home.as_fd(), CloneFlags::CLONE_NEWNET.bits() as u64).detail("returning to the caller's own namespace")?;
    result
}
