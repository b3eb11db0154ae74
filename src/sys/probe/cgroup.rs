//! Cgroups: the mounted hierarchies and their controllers (cgroups(7)).

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{line, writable};
use crate::sys::mountinfo::{self, Mount};

/// The layout of this host.
#[derive(Serialize)]
pub struct Cgroups {
    /// "v1", "v2", "hybrid" (controllers on v1, and a v2 mount) or "none".
    pub mode: &'static str,
    /// Controllers by name: "v1" or "v2".
    pub controllers: BTreeMap<String, &'static str>,
    /// The mounted hierarchies.
    pub mounts: Vec<Hierarchy>,
    /// Whether swap is accounted and can be limited; absent if unknown.
    pub swap: Option<bool>,
    /// Whether the kernel measures pressure (/proc/pressure).
    pub pressure: bool,
}

/// A mounted hierarchy.
#[derive(Serialize)]
pub struct Hierarchy {
    /// Its mount point.
    pub path: String,
    /// "v1" or "v2".
    pub version: &'static str,
    /// The controllers at its root.
    pub controllers: Vec<String>,
    /// The cgroup of this process in it, from its root.
    pub own: Option<String>,
    /// Whether this process may create cgroups at the mount's root.
    pub writable: bool,
    /// Whether this process may create cgroups below its own (its directory was delegated to it).
    pub delegated: bool,
}

/// Reads the mounts and the controllers of each.
pub fn cgroups() -> Cgroups {
    let own = line("/proc/self/cgroup").unwrap_or_default();
    let mounted = mountinfo::mounts().unwrap_or_default();
    let mounts: Vec<Hierarchy> = mounted.iter().filter_map(|m| hierarchy(m, &own)).collect();
    let controllers = mounts
        .iter()
        .flat_map(|m| m.controllers.iter().map(|c| (c.clone(), m.version)))
        .filter(|(name, _)| !name.starts_with("name="))
        .collect();
    let swap = swap(&mounts);
    let pressure = std::path::Path::new("/proc/pressure/memory").exists();
    Cgroups { mode: mode(&mounts), controllers, mounts, swap, pressure }
}

fn mode(mounts: &[Hierarchy]) -> &'static str {
    let v1 = mounts.iter().any(|m| m.version == "v1");
    let v2 = mounts.iter().any(|m| m.version == "v2");
    match (v1, v2) {
        (true, true) => "hybrid",
        (true, false) => "v1",
        (false, true) => "v2",
        (false, false) => "none",
    }
}

fn hierarchy(mount: &Mount, own: &str) -> Option<Hierarchy> {
    let (version, controllers) = match mount.fstype.as_str() {
        "cgroup" => ("v1", v1_controllers(&mount.super_options)),
        "cgroup2" => ("v2", v2_controllers(&mount.target)),
        _ => return None,
    };
    let own = own_path(own, version, &controllers);
    // A mount of only a part of the hierarchy (in a container) has that part's path as root.
    let below = own.as_ref().map(|own| own.strip_prefix(mount.root.trim_end_matches('/')).unwrap_or(own));
    let folder = below.map(|below| format!("{}{below}", mount.target));
    Some(Hierarchy {
        path: mount.target.clone(),
        version,
        controllers,
        writable: writable(&mount.target),
        delegated: folder.is_some_and(|f| writable(&f) && writable(&format!("{f}/cgroup.procs"))),
        own,
    })
}

/// A v1 mount's controllers are among its flags: "rw,cpu,cpuacct".
fn v1_controllers(options: &str) -> Vec<String> {
    const FLAGS: [&str; 6] = ["rw", "ro", "xattr", "noprefix", "clone_children", "none"];
    let words = options.split(',').filter(|w| !FLAGS.contains(w) && !w.starts_with("release_agent="));
    words.map(str::to_owned).collect()
}

fn v2_controllers(path: &str) -> Vec<String> {
    let text = line(&format!("{path}/cgroup.controllers")).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

/// The line of /proc/self/cgroup for a hierarchy: "4:memory:/path", for v2 "0::/path".
fn own_path(text: &str, version: &str, controllers: &[String]) -> Option<String> {
    text.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (named, path) = (fields.next()?, fields.next()?);
        let here = match version {
            "v2" => named.is_empty(),
            _ => named.split(',').any(|n| controllers.iter().any(|c| c == n)),
        };
        here.then(|| path.to_owned())
    })
}

/// Without swap accounting the files for it are missing. On v2 the root never has them, so a child cgroup is checked.
fn swap(mounts: &[Hierarchy]) -> Option<bool> {
    let memory = mounts.iter().find(|m| m.controllers.iter().any(|c| c == "memory"))?;
    let has = |folder: &str, file: &str| std::path::Path::new(folder).join(file).exists();
    if memory.version == "v1" {
        return Some(has(&memory.path, "memory.memsw.limit_in_bytes"));
    }
    let children = std::fs::read_dir(&memory.path).ok()?.flatten();
    let mut folders = children.filter_map(|e| e.path().to_str().map(str::to_owned));
    folders.find(|f| has(f, "memory.max")).map(|f| has(&f, "memory.swap.max"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_and_own_cgroup() {
        assert_eq!(v1_controllers("rw,cpu,cpuacct"), ["cpu", "cpuacct"]);
        assert_eq!(v1_controllers("rw,xattr,name=systemd"), ["name=systemd"]);
        let own = "4:memory:/web\n1:name=systemd:/\n0::/user.slice";
        assert_eq!(own_path(own, "v1", &["memory".into()]).as_deref(), Some("/web"));
        assert_eq!(own_path(own, "v2", &[]).as_deref(), Some("/user.slice"));
        assert_eq!(own_path(own, "v1", &["pids".into()]), None);
    }
}
