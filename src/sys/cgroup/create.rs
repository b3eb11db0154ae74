//! Creating a cgroup and enabling its controllers: on v1 a directory in the controller's hierarchy, on v2 a line in
//! every ancestor's cgroup.subtree_control. An existing cgroup is never reused.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::super::{Context, Error, Result};
use super::{Group, Home, Mount, file};

impl Group {
    /// Creates the cgroup with these controllers; missing ancestors are created and stay. Errors: EEXIST if it has a
    /// directory in any hierarchy, ENODEV for an unknown controller.
    pub fn create(&self, controllers: &[String]) -> Result<()> {
        if let Some((_, folder)) = self.homes().next() {
            return Err(exists(&folder));
        }
        for controller in controllers {
            self.layout.home(controller)?;
        }
        self.make(self.layout.base())?;
        let given = controllers.iter().try_for_each(|c| self.provide(c).map(drop));
        if given.is_err() {
            let _ = self.remove(true);
        }
        given
    }

    /// The directory of a controller's files; enables the controller first if needed. Errors: ENOENT without the
    /// cgroup, ENODEV without the controller, EBUSY if an ancestor on v2 has processes of its own.
    pub fn provide(&self, controller: &str) -> Result<PathBuf> {
        let (base, _) = self.base()?;
        match self.layout.home(controller)? {
            Home::Core(mount) => Ok(self.folder(mount)),
            Home::V1(mount) => {
                let folder = self.folder(mount);
                if !folder.is_dir() {
                    self.make(mount)?;
                    self.move_members(base, &folder)?;
                }
                Ok(folder)
            }
            Home::V2(mount) => {
                let folder = self.folder(mount);
                if !lists(&folder.join("cgroup.controllers"), controller)? {
                    self.enable(mount, controller)?;
                }
                Ok(folder)
            }
        }
    }

    /// Creates the cgroup's directory in one hierarchy, after its ancestors.
    fn make(&self, mount: &Mount) -> Result<()> {
        let folder = self.folder(mount);
        if let Some(parent) = folder.parent().filter(|p| !p.is_dir()) {
            let above: Vec<&Path> = parent.ancestors().take_while(|p| *p != mount.folder).collect();
            for ancestor in above.into_iter().rev().filter(|p| !p.is_dir()) {
                match make_one(mount, ancestor) {
                    Err(e) if e.errno == Errno::EEXIST => {} // Another process created it in the meantime.
                    made => made?,
                }
            }
        }
        make_one(mount, &folder)
    }

    /// Enables the controller for one ancestor after another, from the root down.
    fn enable(&self, mount: &Mount, controller: &str) -> Result<()> {
        let folder = self.folder(mount);
        let mut above: Vec<&Path> = folder.ancestors().skip(1).take_while(|p| p.starts_with(&mount.folder)).collect();
        above.reverse();
        above.into_iter().try_for_each(|ancestor| hand_down(ancestor, controller))
    }

    /// Moves the members into a hierarchy where the cgroup was just created. A member that forks in the meantime leaves
    /// a child behind, so this repeats until none is left.
    fn move_members(&self, base: &Mount, folder: &Path) -> Result<()> {
        let procs = folder.join("cgroup.procs");
        for _ in 0..1000 {
            let there = file::pids(folder)?;
            let left: Vec<i32> = file::pids(&self.folder(base))?.into_iter().filter(|p| !there.contains(p)).collect();
            if left.is_empty() {
                return Ok(());
            }
            // Written back, 0 would mean the caller.
            if left.contains(&0) {
                return Err(Error::new(Errno::EPERM)
                    .with_path(folder)
                    .with_detail("a process of the cgroup is outside the caller's pid namespace and cannot be moved"));
            }
            for pid in left {
                match file::write(&procs, &pid.to_string()) {
                    Err(e) if e.errno == Errno::ESRCH => {}
                    moved => moved?,
                }
            }
        }
        Err(Error::new(Errno::EAGAIN)
            .with_path(folder)
            .with_detail("its processes fork faster than they can be moved")
            .with_hint("name the controller when the cgroup is created: tiny.cgroup(name, { controllers = … })"))
    }
}

/// Enables a controller for the children of one v2 cgroup.
fn hand_down(folder: &Path, controller: &str) -> Result<()> {
    let control = folder.join("cgroup.subtree_control");
    if lists(&control, controller)? {
        return Ok(());
    }
    // If the cgroup has processes, the kernel refuses some controllers, and accepts others by making its children
    // threaded, which then accept no processes. The root is exempt and has no cgroup.type.
    let kind = file::read_if_there(&folder.join("cgroup.type"))?;
    let members = if kind.is_some_and(|kind| kind.trim() == "domain") { file::pids(folder)?.len() } else { 0 };
    let given = match members {
        0 => file::write(&control, &format!("+{controller}")),
        _ => Err(Error::new(Errno::EBUSY).with_path(control)),
    };
    given.map_err(|error| match error.errno {
        Errno::EBUSY => error
            .with_detail(format!(
                "{members} processes are in that cgroup, so it cannot enable {controller} for its children"
            ))
            .with_hint(
                "cgroup v2 enables controllers for the children of a cgroup only while it has no processes of its own: \
                 move them into a child of it (tiny.cgroup_attach), or create the cgroup elsewhere",
            ),
        Errno::ENOENT => error.with_detail(format!("that cgroup has no {controller} controller")).with_hint(
            "the part of the hierarchy delegated to you lacks this controller; `tinylua doctor` shows what it has",
        ),
        _ => error,
    })
}

fn make_one(mount: &Mount, folder: &Path) -> Result<()> {
    match DirBuilder::new().create(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Err(exists(folder)),
        made => made.at(folder)?,
    }
    if mount.has("cpuset") {
        inherit_cpuset(folder)?;
    }
    Ok(())
}

/// A new v1 cpuset has no CPUs and no memory nodes, and accepts processes only once it has both (cpuset(7)).
fn inherit_cpuset(folder: &Path) -> Result<()> {
    let Some(parent) = folder.parent() else { return Ok(()) };
    for name in ["cpuset.cpus", "cpuset.mems"] {
        if let Some(value) = file::read_if_there(&parent.join(name))? {
            file::write(&folder.join(name), value.trim())?;
        }
    }
    Ok(())
}

fn lists(path: &Path, controller: &str) -> Result<bool> {
    Ok(file::read(path)?.split_whitespace().any(|c| c == controller))
}

fn exists(folder: &Path) -> Error {
    Error::new(Errno::EEXIST)
        .with_path(folder)
        .with_hint("tiny.open_cgroup opens an existing cgroup, tiny.cgroup_del removes a stale one")
}
