//! User namespaces: creating one with its maps, and creating other namespaces that belong to it (user_namespaces(7)).
//! Both need a short-lived process inside, which ends before this returns.

mod extent;
mod helper;
mod maps;
mod own;
mod subids;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use rustix::pipe::{PipeFlags, pipe_with};

use super::{Context, Error, Result, namespace, process};

pub use extent::{Extent, MOST};
pub(super) use own::Gate;
pub use own::unshare;
pub use subids::{SubIds, subids};

/// Creates a user namespace with these maps: written directly if the caller may, else by newuidmap and newgidmap.
/// Errors: EPERM if the kernel or the helpers refuse, ENOSPC over the limits, ENOENT if a needed helper is missing.
pub fn create(uids: &[Extent], gids: &[Extent]) -> Result<OwnedFd> {
    let made = with_child(
        libc::CLONE_NEWUSER as u64,
        || Ok(()),
        |pid| {
            maps::write(pid, uids, gids)?;
            namespace::open_of(&pid.to_string(), "user")
        },
    );
    made.map_err(explained)
}

/// Creates a user namespace as a child of `parent`, by a process that is root there, which may write its maps. Errors:
/// those of `create`; EPERM without privileges over the parent; EINVAL if it has no root.
pub fn create_below(parent: BorrowedFd<'_>, uids: &[Extent], gids: &[Extent]) -> Result<OwnedFd> {
    const USER: u64 = libc::CLONE_NEWUSER as u64;
    let enter = || {
        namespace::setns(parent, USER).detail("joining the parent user namespace")?;
        // Its creator must have ids in the parent, and root is the one that every parent should have.
        let root = (nix::unistd::Gid::from_raw(0), nix::unistd::Uid::from_raw(0));
        nix::unistd::setresgid(root.0, root.0, root.0).detail("becoming root of the parent")?;
        nix::unistd::setresuid(root.1, root.1, root.1).detail("becoming root of the parent")?;
        // For the maps of its child, and for its own namespace: see `create_in`.
        super::credentials::set_dumpable(true)?;
        namespace::setns(create(uids, gids)?.as_fd(), USER)?;
        super::credentials::set_dumpable(true)
    };
    with_child(0, enter, |pid| namespace::open_of(&pid.to_string(), "user"))
}

/// The error, with the setting of this host that forbids user namespaces, if there is one.
pub(super) fn explained(error: Error) -> Error {
    match (error.errno, super::probe::userns_forbidden_by()) {
        (Errno::EPERM | Errno::ENOSPC | Errno::EACCES, Some(setting)) => {
            error.with_detail(format!("{setting} forbids it")).with_hint(allowing(setting))
        }
        // The maps' files are the path of an error; without one, the namespace itself was refused.
        (Errno::EPERM, None) if error.path.is_none() => error
            .with_detail("the kernel or a seccomp filter forbids user namespaces")
            .with_hint("inside another container, start that one with --privileged"),
        _ => error,
    }
}

/// The command that allows what a setting forbids.
fn allowing(setting: &str) -> String {
    let value = match setting {
        s if s.contains("restrict") => "0",
        s if s.contains("max_") => "10000",
        _ => "1",
    };
    format!("run sysctl -w {setting}={value}, as root")
}

/// Creates a namespace of another kind that belongs to a user namespace, whose capabilities then apply to it. Not for
/// pid and user namespaces.
pub fn create_in(user: BorrowedFd<'_>, kind: &str) -> Result<OwnedFd> {
    let flag = namespace::flag(kind).ok_or(Errno::EINVAL)?;
    let enter = || {
        namespace::setns(user, libc::CLONE_NEWUSER as u64).detail("joining the user namespace")?;
        namespace::unshare(flag)?;
        // A change of credentials makes a process undumpable, and its creator could not open its namespaces.
        super::credentials::set_dumpable(true)
    };
    with_child(0, enter, |pid| namespace::open_of(&pid.to_string(), kind))
}

/// Calls `f` with the pid of a child that is in new namespaces, has run `enter` and waits.
fn with_child<R>(new: u64, enter: impl FnOnce() -> Result<()>, f: impl FnOnce(i32) -> Result<R>) -> Result<R> {
    let (told, tell) = pipe_with(PipeFlags::CLOEXEC)?;
    let (until, release) = pipe_with(PipeFlags::CLOEXEC)?;
    let pid = process::plain_clone(new)?;
    if pid == 0 {
        drop((told, release));
        process::send(tell.as_fd(), enter().map(|()| 0));
        drop(tell);
        let _ = rustix::io::read(&until, &mut [0u8; 1]);
        process::end_child(0);
    }
    drop((tell, until));
    let done = process::recv(told.as_fd()).and_then(|_| f(pid));
    drop(release);
    while waitpid(Pid::from_raw(pid), Some(WaitPidFlag::empty())) == Err(Errno::EINTR) {}
    done
}

/// Whether a privileged helper of this name is available; the error gives the reason.
pub fn helper_at_hand(name: &str) -> Result<()> {
    helper::find(name).map(drop)
}
