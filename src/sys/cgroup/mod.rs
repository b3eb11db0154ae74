//! Cgroups v1, v2 and hybrid (cgroups(7)). A cgroup is a path relative to the root of every hierarchy as this process
//! sees it mounted. It has a directory in each hierarchy that it needs and no other state, so any process can use it by
//! its path alone. The root is refused: its limits are the host's.

mod bpf;
mod create;
mod device_rule;
mod devices;
pub mod event;
mod file;
mod layout;
mod limits;
mod members;
mod remove;
mod state;
mod stats;
mod wait;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;

use super::{Error, Result};
pub use device_rule::{Access, DeviceRule};
pub use layout::{Home, Layout, Mount};
pub use limits::{PERIOD_RANGE, page_size};
pub use members::{Placement, cgroup_of};
pub use stats::Stats;

/// A cgroup by its path; it need not exist.
pub struct Group {
    path: String,
    layout: Rc<Layout>,
}

impl Group {
    /// The cgroup at `path`. Errors: ENODEV without any cgroup mount.
    pub fn at(path: &str) -> Result<Group> {
        let path = normal(path).map_err(|e| Error::new(Errno::EINVAL).with_detail(e))?;
        Ok(Group { path, layout: Layout::current()? })
    }

    /// Its path relative to the root of every hierarchy: "/web".
    pub fn path(&self) -> &str {
        &self.path
    }

    /// "v1", "v2" or "hybrid".
    pub fn version(&self) -> &'static str {
        self.layout.version()
    }

    /// Its directory in the hierarchy mounted at `mount`.
    fn folder(&self, mount: &Mount) -> PathBuf {
        mount.folder.join(&self.path[1..])
    }

    /// The hierarchies in which it has a directory, starting with the one that lists its members.
    fn homes(&self) -> impl Iterator<Item = (&Mount, PathBuf)> {
        let there = |(mount, folder): (_, PathBuf)| folder.is_dir().then_some((mount, folder));
        self.layout.mounts().map(|m| (m, self.folder(m))).filter_map(there)
    }

    /// The directory that lists its members. Errors: ENOENT if the cgroup does not exist.
    fn base(&self) -> Result<(&Mount, PathBuf)> {
        self.homes().next().ok_or_else(|| self.missing())
    }

    /// Errors: ENOENT if the cgroup does not exist.
    pub fn exists(&self) -> Result<()> {
        self.base().map(|_| ())
    }

    fn missing(&self) -> Error {
        let top = self.layout.base();
        Error::new(Errno::ENOENT).with_path(self.folder(top)).with_detail("there is no such cgroup")
    }

    /// Reads one of its control files: "memory.stat". Errors: ENOENT if there is no such file.
    pub fn read(&self, name: &str) -> Result<String> {
        file::read(&self.control(name)?)
    }

    /// Writes a value to one of its control files unchanged.
    pub fn write(&self, name: &str, value: &str) -> Result<()> {
        file::write(&self.control(name)?, value)
    }

    /// A control file: its name starts with its controller, or with "cgroup.".
    fn control(&self, name: &str) -> Result<PathBuf> {
        match name.split_once('.') {
            Some((controller, _)) if name.contains('/') || controller.is_empty() => {
                Err(Error::new(Errno::EINVAL).with_path(name).with_detail("a control file's name contains no slash"))
            }
            // Pressure is measured by the v2 hierarchy itself, whichever hierarchy has the controller (psi.rst).
            Some(("cgroup", _) | (_, "pressure")) | None => Ok(self.base()?.1.join(name)),
            Some((controller, _)) => Ok(self.provide(controller)?.join(name)),
        }
    }

    /// Its directories by controller, "unified" for the v2 hierarchy.
    pub fn folders(&self) -> Vec<(String, PathBuf)> {
        let name = |m: &Mount| if m.unified { "unified".into() } else { m.controllers.join(",") };
        self.homes().map(|(mount, folder)| (name(mount), folder)).collect()
    }
}

/// A path with one leading slash and plain components; the error is a message for the user.
pub fn normal(path: &str) -> std::result::Result<String, String> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    match parts.iter().find(|p| **p == "." || **p == ".." || p.contains('\n')) {
        Some(part) => Err(format!("{path:?} is not a cgroup path: the component {part:?} is not allowed")),
        None if parts.is_empty() => Err(format!("{path:?} is the root of the hierarchy; name a cgroup below it")),
        None => Ok(format!("/{}", parts.join("/"))),
    }
}

/// The directories below `folder`, children before parents.
fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in file::entries(folder)? {
        found.extend(below(&entry)?);
        found.push(entry);
    }
    Ok(found)
}
