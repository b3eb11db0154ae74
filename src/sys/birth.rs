//! The birth of a child: straight from this process by one clone3(2), or by a process in between where that cannot do.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use super::process::{self, Birth, Born, CLONE_INTO_CGROUP, CloneArgs};
use super::userns::{self, Gate};
use super::{Context, Error, Result, intermediate_process, job_control, namespace};

/// Forks a child into its namespaces and cgroup. Returns `None` in the child, which has already
/// joined everything; when that fails it reports and ends, and the caller's next `wait` tells why.
/// Errors: EPERM without CAP_SYS_ADMIN, EAGAIN at the process limit, EBUSY for a cgroup with
/// children that has controllers (cgroups(7)).
pub fn clone(birth: &Birth<'_>) -> Result<Option<Born>> {
    process::assert_single_threaded()?;
    process::flush_stdio();
    let parent = std::process::id();
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let pid_home = birth.join.iter().any(|(_, flag)| *flag == libc::CLONE_NEWPID as u64).then(pid_home).transpose()?;
    // Root of a user namespace that does not own this process's pid namespace could leave it, but not come back.
    let stuck = |home: &OwnedFd| namespace::setns(home.as_fd(), libc::CLONE_NEWPID as u64).is_err();
    if birth.join.iter().any(|(_, flag)| *flag == libc::CLONE_NEWUSER as u64)
        || birth.oom_score_adj.is_some()
        || pid_home.as_ref().is_some_and(stuck)
        || job_control::wants_leader()
    {
        return intermediate_process::clone(birth, (read, write), parent);
    }
    let gate = Gate::of(birth.new)?;
    // A pid namespace is joined by the parent, for its children.
    for (fd, flag) in birth.join.iter().filter(|(_, flag)| *flag == libc::CLONE_NEWPID as u64) {
        namespace::setns(*fd, *flag)?;
    }
    let mut pidfd: i32 = -1;
    let mut args = CloneArgs {
        flags: birth.new | libc::CLONE_PIDFD as u64,
        pidfd: &raw mut pidfd as u64,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArgs::default()
    };
    if let Some(cgroup) = birth.into_cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    let result = process::raw_clone(&mut args);
    if result == 0 {
        drop(read);
        process::begin(birth, gate.map_or(Ok(true), Gate::pass), write, libc::CLONE_NEWPID as u64, parent);
        return Ok(None);
    }
    let error = Error::last();
    if let Some(home) = pid_home {
        namespace::setns(home.as_fd(), libc::CLONE_NEWPID as u64).detail("the way back to the own pid namespace")?;
    }
    if result < 0 {
        return Err(if gate.is_some() { userns::explained(error) } else { error });
    }
    // SAFETY: the kernel wrote a new descriptor of ours to `pidfd`.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    if let Some(gate) = gate {
        gate.open(result as i32)?;
    }
    Ok(Some(Born { pid: result as i32, pidfd, report: read }))
}

/// The pid namespace of this process.
fn pid_home() -> Result<OwnedFd> {
    namespace::open_of("self", "pid")
}
