//! The cgroups of a private host: one cgroup in every hierarchy, v1 and v2, below this process's
//! own; inside, each hierarchy is mounted again so that its root is that cgroup (cgroup_namespaces(7)).

use std::fs::{create_dir, create_dir_all, read_dir, read_to_string, remove_dir, write};
use std::path::{Path, PathBuf};

use nix::mount::MsFlags;

use super::Result;
use super::inside::mount_at;

const V1_ROOT: &str = "/sys/fs/cgroup";

/// One hierarchy in this process's view.
struct Hierarchy {
    /// The mount point.
    mounted: PathBuf,
    /// The private host's directory in it.
    folder: PathBuf,
    /// "memory", "cpu,cpuacct", "name=systemd"; empty for v2.
    controllers: String,
}

/// The directories of one private host.
pub struct Cgroups(Vec<Hierarchy>);

impl Cgroups {
    /// The directories of the host `name`, from /proc/self/cgroup and /proc/self/mountinfo.
    pub fn of(name: &str) -> Result<Cgroups> {
        let own = read("/proc/self/cgroup")?;
        let mounts = read("/proc/self/mountinfo")?;
        Ok(Cgroups(own.lines().filter_map(|line| Hierarchy::find(line, &mounts, name)).collect()))
    }

    /// Creates the directories.
    pub fn make(name: &str) -> Result<Cgroups> {
        let cgroups = Cgroups::of(name)?;
        for hierarchy in &cgroups.0 {
            let made = hierarchy.make();
            if made.is_err() {
                let _ = cgroups.remove();
                return made.map(|()| cgroups);
            }
        }
        Ok(cgroups)
    }

    /// Moves the calling process into the cgroups.
    pub fn enter(&self) -> Result<()> {
        self.0.iter().try_for_each(|h| put(&h.folder.join("cgroup.procs"), "0"))
    }

    /// Mounts every hierarchy at its old mount point; in the new cgroup namespace its root is the host's directory.
    pub fn mount(&self) -> Result<()> {
        if self.0.iter().any(|h| h.mounted != Path::new(V1_ROOT) && h.mounted.starts_with(V1_ROOT)) {
            mount_at("tmpfs", V1_ROOT, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=755")?;
        }
        self.0.iter().try_for_each(Hierarchy::mount)
    }

    /// Removes the directories and everything that a test left in them.
    pub fn remove(&self) -> Result<()> {
        self.0.iter().filter(|h| h.folder.exists()).try_for_each(|h| remove_tree(&h.folder))
    }
}

impl Hierarchy {
    /// The hierarchy of a line `4:memory:/path` of /proc/self/cgroup; `None` if it is not mounted.
    fn find(line: &str, mounts: &str, name: &str) -> Option<Hierarchy> {
        let (controllers, own) = line.split_once(':')?.1.split_once(':')?;
        let (mounted, root) = mounts.lines().find_map(|mount| mounted_at(mount, controllers))?;
        let below = Path::new(own).strip_prefix(root).ok()?;
        let mut parent = mounted.join(below);
        // In v2 a cgroup with processes cannot enable controllers for its children ("no internal processes",
        // cgroups(7)), but its parent can enable them for its siblings.
        let leaf =
            controllers.is_empty() && read(parent.join("cgroup.subtree_control")).is_ok_and(|c| c.trim().is_empty());
        if leaf && !below.as_os_str().is_empty() {
            parent.pop();
        }
        Some(Hierarchy { folder: parent.join(name), mounted, controllers: controllers.to_owned() })
    }

    fn make(&self) -> Result<()> {
        create_dir(&self.folder).map_err(|e| format!("{}: {e}", self.folder.display()))?;
        // A new v1 cpuset is empty and accepts no process (cpuset(7)).
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if self.controllers.split(',').any(|c| c == "cpuset") {
                let parent = self.folder.parent().unwrap_or(&self.mounted).join(file);
                put(&self.folder.join(file), read(parent)?.trim())?;
            }
        }
        Ok(())
    }

    fn mount(&self) -> Result<()> {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        let target = self.mounted.to_string_lossy();
        create_dir_all(&self.mounted).map_err(|e| format!("{target}: {e}"))?;
        if !self.controllers.is_empty() {
            let named = if self.controllers.starts_with("name=") { "none," } else { "" };
            return mount_at("cgroup", &target, Some("cgroup"), flags, &format!("{named}{}", self.controllers));
        }
        mount_at("cgroup2", &target, Some("cgroup2"), flags, "")?;
        // Like a host with systemd: no process is in the root, so that cgroups below it can have limits.
        let init = self.mounted.join("init");
        create_dir(&init).map_err(|e| format!("{}: {e}", init.display()))?;
        put(&init.join("cgroup.procs"), "0")?;
        let offered = read(self.mounted.join("cgroup.controllers"))?;
        let control = self.mounted.join("cgroup.subtree_control");
        offered.split_whitespace().try_for_each(|name| put(&control, &format!("+{name}")))
    }
}

/// The mount point and the root of a line of mountinfo that shows this hierarchy (proc(5)).
fn mounted_at<'a>(line: &'a str, controllers: &str) -> Option<(PathBuf, &'a str)> {
    let (place, kind) = line.split_once(" - ")?;
    let mut kind = kind.split(' ');
    let fits = match kind.next()? {
        "cgroup2" => controllers.is_empty(),
        "cgroup" => {
            let options: Vec<&str> = kind.nth(1)?.split(',').collect();
            !controllers.is_empty() && controllers.split(',').all(|c| options.contains(&c))
        }
        _ => false,
    };
    let mut place = place.split(' ').skip(3);
    let (root, mounted) = (place.next()?, place.next()?);
    fits.then(|| (mounted.into(), root))
}

fn remove_tree(folder: &Path) -> Result<()> {
    for entry in read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            remove_tree(&entry.path())?;
        }
    }
    remove_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))
}

fn read(path: impl AsRef<Path>) -> Result<String> {
    read_to_string(&path).map_err(|e| format!("{}: {e}", path.as_ref().display()))
}

fn put(path: &Path, text: &str) -> Result<()> {
    write(path, text).map_err(|e| format!("writing {text:?} to {}: {e}", path.display()))
}
