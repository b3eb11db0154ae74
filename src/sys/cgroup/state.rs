//! Freezing, thawing and killing all processes of a cgroup, and waiting until it is done. v2 reports it in
//! cgroup.events; a pidfd reports the end of its process.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use rustix::event::PollFlags;

use super::super::{Error, Result, pidfd};
use super::stats::populated;
use super::wait::{self, Deadline};
use super::{Group, Mount, below, file};

const SIGKILL: i32 = 9;

impl Group {
    /// Freezes every process of the cgroup, or thaws them, and waits until it is done; false if the timeout expires (a
    /// process in disk wait freezes later).
    pub fn set_frozen(&self, frozen: bool, timeout: Option<f64>) -> Result<bool> {
        if frozen && self.has_caller()? {
            return Err(Error::new(Errno::EDEADLK)
                .with_path(&self.path)
                .with_detail("the caller itself is in it and would never resume"));
        }
        let deadline = Deadline::after(timeout);
        let (mount, folder) = self.base()?;
        if mount.unified {
            file::write(&folder.join("cgroup.freeze"), if frozen { "1" } else { "0" })?;
            return wait::event(&folder, "frozen", frozen.into(), deadline);
        }
        let path = self.provide("freezer")?.join("freezer.state");
        let state = if frozen { "FROZEN" } else { "THAWED" };
        file::write(&path, state)?;
        // Reading the file updates the state (freezer-subsystem.rst).
        deadline.ask(|| Ok(file::read(&path)?.trim() == state))
    }

    /// Kills every process of the cgroup and of those below it, and waits until none is left; false if the timeout
    /// expires. `last`: no process will be started in the cgroup any more.
    pub fn kill(&self, timeout: Option<f64>, last: bool) -> Result<bool> {
        if self.has_caller()? {
            return Err(Error::new(Errno::EDEADLK)
                .with_path(&self.path)
                .with_detail("the caller itself is in it and would be killed too"));
        }
        let deadline = Deadline::after(timeout);
        let (mount, folder) = self.base()?;
        // Linux 6.14 to at least 6.18 kills any process that CLONE_INTO_CGROUP starts in a cgroup on which cgroup.kill
        // was ever used: it compares the kill counters of two different cgroups. So it is used only for a cgroup that
        // is being removed.
        match if last { file::write(&folder.join("cgroup.kill"), "1") } else { Err(Errno::ENOENT.into()) } {
            Err(e) if e.errno == Errno::ENOENT => self.kill_each(mount, &folder, deadline),
            Err(e) => Err(e),
            Ok(()) => wait::event(&folder, "populated", 0, deadline),
        }
    }

    /// One by one: frozen processes cannot fork, so a single pass finds all. A v1 freezer must be thawed before they
    /// die. Without a freezer, passes repeat.
    fn kill_each(&self, mount: &Mount, folder: &Path, deadline: Deadline) -> Result<bool> {
        let freezes = mount.unified || mount.has("freezer");
        loop {
            // Freezing takes a while, since the kernel changes its own code for it: not where nobody is left.
            if freezes && populated(folder)? {
                // Processes that do not freeze in time still die of the signal.
                self.set_frozen(true, Some(1.0))?;
            }
            let dying = signal_all(folder);
            if freezes {
                self.release(mount, folder)?;
            }
            let dying = dying?;
            if dying.is_empty() {
                return if mount.unified { wait::event(folder, "populated", 0, deadline) } else { Ok(true) };
            }
            for pidfd in &dying {
                if !deadline.poll(pidfd.as_fd(), PollFlags::IN)? {
                    return Ok(false);
                }
            }
        }
    }
    /// Thaws the cgroup, and on v1 those below it too, where a frozen process does not even die.
    fn release(&self, mount: &Mount, folder: &Path) -> Result<()> {
        self.set_frozen(false, Some(0.0))?;
        if !mount.unified {
            below(folder)?.iter().try_for_each(|f| file::write(&f.join("freezer.state"), "THAWED"))?;
        }
        Ok(())
    }
}

/// Sends SIGKILL to every process in and below `folder`; returns their pidfds.
fn signal_all(folder: &Path) -> Result<Vec<std::os::fd::OwnedFd>> {
    let mut signalled = Vec::new();
    for folder in below(folder)?.into_iter().chain([PathBuf::from(folder)]) {
        for pid in file::pids(&folder)? {
            if pid == 0 {
                return Err(Error::new(Errno::EPERM)
                    .with_path(&folder)
                    .with_detail("a process in it is outside the caller's pid namespace"));
            }
            match pidfd::pidfd_open(pid).and_then(|fd| pidfd::kill(fd.as_fd(), SIGKILL).map(|()| fd)) {
                Ok(pidfd) => signalled.push(pidfd),
                Err(e) if e.errno == Errno::ESRCH => {}
                Err(e) => return Err(e.with_path(&folder)),
            }
        }
    }
    Ok(signalled)
}
