//! A child in an existing user namespace. Its other new namespaces must belong to that one, so an intermediate process
//! joins it first, creates the child as a child of its own parent (CLONE_PARENT), and exits. A pid namespace is joined
//! there too, since the caller may lack the permission. The children of a prompt are created the same way: the
//! intermediate process leads their process group. It also sets the child's OOM score, before any process of a
//! container can see it.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use rustix::pipe::{PipeFlags, pipe_with};

use super::process::{self, Birth, Born, CLONE_INTO_CGROUP, CloneArgs};
use super::userns::Gate;
use super::{Context, Error, Result, credentials, job_control, namespace};

/// The namespaces that the intermediate process joins, instead of the child.
pub const EARLY: u64 = libc::CLONE_NEWUSER as u64 | libc::CLONE_NEWPID as u64;

/// Like `birth::clone`, for a child that joins a user namespace or needs a group leader; `report` is the child's
/// pipe.
pub fn clone(birth: &Birth<'_>, (read, write): (OwnedFd, OwnedFd), parent: u32) -> Result<Option<Born>> {
    let (told, tell) = pipe_with(PipeFlags::CLOEXEC)?;
    let gate = Gate::of(birth.new)?;
    let between = process::plain_clone(0)?;
    if between == 0 {
        drop((told, read));
        job_control::lead();
        let made = make(birth);
        if let Ok(0) = made {
            drop(tell);
            process::begin(birth, gate.map_or(Ok(true), Gate::pass), write, EARLY, parent);
            return Ok(None);
        }
        process::send(tell.as_fd(), made);
        process::end_child(0);
    }
    drop((tell, write));
    let heard = process::recv(told.as_fd());
    while waitpid(Pid::from_raw(between), Some(WaitPidFlag::empty())) == Err(Errno::EINTR) {}
    // It is a child of this process and has not been waited for, so the pid cannot be reused yet.
    let pid = heard?;
    let Some(process) = rustix::process::Pid::from_raw(pid) else { return Err(Errno::ESRCH.into()) };
    let pidfd = rustix::process::pidfd_open(process, rustix::process::PidfdFlags::empty())?;
    if let Some(gate) = gate {
        gate.open(pid)?;
    }
    Ok(Some(Born { pid, pidfd, report: read }))
}

/// In the intermediate process: joins the namespaces and creates the child; returns 0 in the child.
fn make(birth: &Birth<'_>) -> Result<i32> {
    birth.oom_score_adj.map(set_oom_score).transpose()?;
    for (fd, flag) in birth.join.iter().filter(|(_, flag)| flag & EARLY != 0) {
        namespace::setns(*fd, *flag).detail("joining a namespace")?;
    }
    let mut args = CloneArgs { flags: birth.new | libc::CLONE_PARENT as u64, ..CloneArgs::default() };
    if let Some(cgroup) = birth.into_cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    match process::raw_clone(&mut args) {
        result @ 0.. => Ok(result as i32),
        _ => Err(Error::last()),
    }
}

/// The /proc files of an undumpable process belong to root, not to its user.
fn set_oom_score(score: i64) -> Result<()> {
    const FILE: &str = "/proc/self/oom_score_adj";
    let before = credentials::dumpable()?;
    credentials::set_dumpable(true)?;
    std::fs::write(FILE, score.to_string()).at(FILE)?;
    credentials::set_dumpable(before)
}
