//! The members of a cgroup: starting a child in it, moving a process, finding the cgroup of a process.

use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use rustix::fs::{Mode, OFlags};

use super::super::{Context, Error, Result};
use super::{Group, Layout, file};

/// How a child enters its cgroup.
pub struct Placement {
    /// The v2 directory to start in (CLONE_INTO_CGROUP).
    pub into: Option<OwnedFd>,
    /// The v1 files to which the child writes itself.
    pub attach: Vec<OwnedFd>,
}

impl Group {
    /// What a child needs to start in this cgroup. Errors: ENOENT if the cgroup does not exist.
    pub fn placement(&self) -> Result<Placement> {
        let mut placement = Placement { into: None, attach: Vec::new() };
        for mount in self.layout.mounts() {
            let folder = self.folder(mount);
            let opened = if mount.unified {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                rustix::fs::open(&folder, flags, Mode::empty()).map(|fd| placement.into = Some(fd)).at(&folder)
            } else {
                // "tasks" rather than "cgroup.procs": a thread that moves itself needs no lock on thread groups, whose
                // first writer waits several milliseconds for an RCU grace period.
                let path = folder.join("tasks");
                let file = OpenOptions::new().write(true).open(&path).at(&path);
                file.map(|file: File| placement.attach.push(file.into()))
            };
            match opened {
                Err(e) if e.errno == Errno::ENOENT => {}
                opened => opened?,
            }
        }
        match placement {
            Placement { into: None, ref attach } if attach.is_empty() => Err(self.missing()),
            placement => Ok(placement),
        }
    }

    /// Moves a process, or the caller for `None`, with all its threads into the cgroup; its children are not moved.
    /// Errors: ESRCH if it has ended, EBUSY for a v2 cgroup that enables controllers for its children, ENOSPC for a v1
    /// cpuset without CPUs.
    pub fn attach(&self, pid: Option<i32>) -> Result<()> {
        let homes: Vec<_> = self.homes().collect();
        if homes.is_empty() {
            return Err(self.missing());
        }
        for (_, folder) in homes {
            let pid = pid.unwrap_or(0).to_string();
            file::write(&folder.join("cgroup.procs"), &pid).map_err(|e| match e.errno {
                Errno::EBUSY => e.with_detail("it enables controllers for its children").with_hint(
                    "cgroup v2 allows processes only in leaf cgroups: attach to a child of it, or create one \
                     (tiny.cgroup)",
                ),
                _ => e,
            })?;
        }
        Ok(())
    }

    /// Whether the calling process is in the cgroup or below it.
    pub fn has_caller(&self) -> Result<bool> {
        let (base, _) = self.base()?;
        let text = file::read("/proc/self/cgroup".as_ref())?;
        let own = hierarchies(&text).find(|(names, _)| matches(base, names)).and_then(|(_, path)| within(base, path));
        Ok(own.is_some_and(|own| {
            own.strip_prefix(&self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }))
    }
}

/// The cgroup of a process, by controller; "unified" is the v2 hierarchy. Hierarchies that are not mounted, or whose
/// mount does not contain the cgroup, are left out.
pub fn cgroup_of(pid: Option<i32>) -> Result<Vec<(String, String)>> {
    let path = format!("/proc/{}/cgroup", pid.map_or_else(|| "self".into(), |pid| pid.to_string()));
    let text = file::read(path.as_ref())
        .map_err(|e| if e.errno == Errno::ENOENT { Error { errno: Errno::ESRCH, ..e } } else { e })?;
    let layout = Layout::read()?;
    let mut found = Vec::new();
    for (names, path) in hierarchies(&text) {
        let Some(path) = layout.mounts().find(|m| matches(m, names)).and_then(|m| within(m, path)) else { continue };
        let names = if names.is_empty() { "unified" } else { names };
        found.extend(names.split(',').map(|name| (name.to_owned(), path.clone())));
    }
    Ok(found)
}

/// The lines of /proc/PID/cgroup as controllers and path; v2 has no controllers.
fn hierarchies(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'))
}

fn matches(mount: &super::Mount, names: &str) -> bool {
    if names.is_empty() { mount.unified } else { names.split(',').any(|name| mount.has(name)) }
}

/// Converts a path of the cgroup namespace to one relative to the mount.
fn within(mount: &super::Mount, path: &str) -> Option<String> {
    let rest = path.strip_prefix(mount.root.trim_end_matches('/'))?;
    match rest {
        "" => Some("/".into()),
        rest => rest.starts_with('/').then(|| rest.to_owned()),
    }
}
