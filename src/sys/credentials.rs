//! Attributes that a process sets on itself: hostname, session, user, resource limits, no_new_privs.

use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit as nix_setrlimit};
use nix::unistd::{Gid, Uid};

use super::{Context, Error, Result};

/// RLIM_INFINITY.
pub const UNLIMITED: u64 = nix::sys::resource::RLIM_INFINITY;

/// The resource names of setrlimit(2), in lower case and without RLIMIT_.
pub const RESOURCES: &[&str] = &[
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// The kernel's numbers, in the same order.
pub(super) const BY_NAME: [Resource; 16] = [
    Resource::RLIMIT_AS,
    Resource::RLIMIT_CORE,
    Resource::RLIMIT_CPU,
    Resource::RLIMIT_DATA,
    Resource::RLIMIT_FSIZE,
    Resource::RLIMIT_LOCKS,
    Resource::RLIMIT_MEMLOCK,
    Resource::RLIMIT_MSGQUEUE,
    Resource::RLIMIT_NICE,
    Resource::RLIMIT_NOFILE,
    Resource::RLIMIT_NPROC,
    Resource::RLIMIT_RSS,
    Resource::RLIMIT_RTPRIO,
    Resource::RLIMIT_RTTIME,
    Resource::RLIMIT_SIGPENDING,
    Resource::RLIMIT_STACK,
];

/// Sets a limit by its name. Errors: EPERM if the hard limit is raised without CAP_SYS_RESOURCE, EINVAL if `soft` is
/// above `hard` (setrlimit(2)).
pub fn setrlimit(name: &str, soft: u64, hard: u64) -> Result<()> {
    let index = RESOURCES.iter().position(|r| *r == name).ok_or(nix::errno::Errno::EINVAL)?;
    nix_setrlimit(BY_NAME[index], soft, hard).detail(format!("RLIMIT_{}", name.to_uppercase()))
}

/// Sets the hostname of the caller's UTS namespace.
pub fn sethostname(name: &str) -> Result<()> {
    Ok(nix::unistd::sethostname(name)?)
}

/// Sets the file mode creation mask of this process, and returns the previous one.
pub fn umask(mask: u32) -> u32 {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask)).as_raw_mode()
}

/// Leaves the session keyring for that with this name, which is created if it is missing (keyctl(2), session-keyring(7)).
/// Every process of its user may find it. Errors: EDQUOT if the user has too many keys, ENOSYS without keyrings.
pub fn join_session_keyring(name: &str) -> Result<()> {
    const JOIN_SESSION_KEYRING: libc::c_int = 1;
    const SETPERM: libc::c_int = 5;
    // The possessor may do everything; the user may view, read, search and link it (KEY_POS_ALL, KEY_USR_…).
    const PERMISSIONS: u32 = 0x3f00_0000 | 0x001b_0000;
    let name = std::ffi::CString::new(name).map_err(|_| Error::from(Errno::EINVAL))?;
    // SAFETY: the name lives through the call.
    let key = unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, name.as_ptr()) };
    if key < 0 {
        return Err(Error::last());
    }
    // SAFETY: takes no pointers.
    if unsafe { libc::syscall(libc::SYS_keyctl, SETPERM, key, PERMISSIONS) } < 0 {
        return Err(Error::last());
    }
    Ok(())
}

/// Starts a new session.
pub fn setsid() -> Result<()> {
    nix::unistd::setsid()?;
    Ok(())
}

/// Changes the user permanently. Groups are set first, since the permission to set them is lost afterwards. Errors:
/// EINVAL for 4294967295, which the kernel takes as "unchanged" and would leave the process root. With `keep_caps` the
/// permitted capabilities are kept for a non-root user until the next execve (PR_SET_KEEPCAPS).
pub fn setuser(uid: u32, gid: u32, groups: &[u32], keep_caps: bool) -> Result<()> {
    if uid == u32::MAX || gid == u32::MAX {
        return Err(
            super::Error::new(nix::errno::Errno::EINVAL).with_detail("4294967295 is not a valid user or group id")
        );
    }
    let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
    match nix::unistd::setgroups(&groups) {
        // An unprivileged user namespace forbids setgroups (user_namespaces(7)); an empty list is then already in
        // effect.
        Err(nix::errno::Errno::EPERM) if groups.is_empty() && setgroups_denied() => {}
        result => result.detail("setgroups")?,
    }
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::thread::set_keep_capabilities(keep_caps).detail("PR_SET_KEEPCAPS")?;
    nix::unistd::setresgid(gid, gid, gid).detail("setresgid")?;
    nix::unistd::setresuid(uid, uid, uid).detail("setresuid")?;
    super::parent_death::renew();
    Ok(())
}

fn setgroups_denied() -> bool {
    std::fs::read("/proc/self/setgroups").is_ok_and(|text| text.starts_with(b"deny"))
}

/// PR_SET_NO_NEW_PRIVS; it cannot be cleared.
pub fn no_new_privs() -> Result<()> {
    Ok(rustix::thread::set_no_new_privs(true)?)
}

/// Whether a process of the same user may inspect this one (prctl(2), PR_GET_DUMPABLE).
pub fn dumpable() -> Result<bool> {
    Ok(rustix::process::dumpable_behavior()? == rustix::process::DumpableBehavior::Dumpable)
}

/// Whether another process of the same user may trace this one, and read its memory and its files
/// through /proc (PR_SET_DUMPABLE); execve sets it again.
pub fn set_dumpable(dumpable: bool) -> Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    let behavior = if dumpable { DumpableBehavior::Dumpable } else { DumpableBehavior::NotDumpable };
    Ok(set_dumpable_behavior(behavior)?)
}
