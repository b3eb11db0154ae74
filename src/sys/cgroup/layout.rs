//! The mount points of the cgroup hierarchies as this process sees them. They are read from /proc/self/mountinfo unless
//! /sys/fs/cgroup itself is cgroup v2. The result is cached while the root directory and the mount namespace stay the
//! same: a child with another root reads it again.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use nix::errno::Errno;
use rustix::fs::{AtFlags, CWD, StatxFlags};

use super::super::{Context, Error, Result};
use super::file;

const TOP: &str = "/sys/fs/cgroup";
const CGROUP2_MAGIC: u64 = 0x6367_7270;

/// The identity of a root directory: mount id, device and inode.
type Root = (u64, u32, u32, u64);

thread_local! {
    static KNOWN: RefCell<Option<(Root, Rc<Layout>)>> = const { RefCell::new(None) };
}

/// One mounted hierarchy.
#[derive(Debug, PartialEq)]
pub struct Mount {
    /// Its mount point.
    pub folder: PathBuf,
    /// The cgroup at its root, relative to the cgroup namespace.
    pub root: String,
    /// Whether it is the v2 hierarchy.
    pub unified: bool,
    /// Its controllers on v1; empty on v2, where each cgroup lists its own.
    pub controllers: Vec<String>,
}

/// Every hierarchy that is visible to this process.
#[derive(Debug, PartialEq)]
pub struct Layout {
    unified: Option<Mount>,
    v1: Vec<Mount>,
}

/// How a hierarchy provides a controller.
pub enum Home<'a> {
    /// A v1 hierarchy: a directory has the controller as soon as it is created.
    V1(&'a Mount),
    /// The v2 hierarchy: the controller is enabled from the root down.
    V2(&'a Mount),
    /// The v2 hierarchy, which provides this without a controller.
    Core(&'a Mount),
}

impl Layout {
    /// The hierarchies. Errors: ENODEV if none is mounted.
    pub fn current() -> Result<Rc<Layout>> {
        let root = root_directory()?;
        if let Some(layout) = KNOWN.with_borrow(|k| k.as_ref().filter(|k| k.0 == root).map(|k| k.1.clone())) {
            return Ok(layout);
        }
        let layout = match rustix::fs::statfs(TOP) {
            Ok(fs) if fs.f_type as u64 == CGROUP2_MAGIC => {
                let top = Mount { folder: TOP.into(), root: "/".into(), unified: true, controllers: Vec::new() };
                Layout { unified: Some(top), v1: Vec::new() }
            }
            _ => Layout::read()?,
        };
        let layout = Rc::new(layout);
        KNOWN.set(Some((root, layout.clone())));
        Ok(layout)
    }

    /// The hierarchies listed in /proc/self/mountinfo (proc_pid_mountinfo(5)).
    pub fn read() -> Result<Layout> {
        let path = "/proc/self/mountinfo";
        let text = std::fs::read_to_string(path).at(path)?;
        let layout = Layout::parse(&text, visible);
        if layout.unified.is_none() && layout.v1.is_empty() {
            return Err(Error::new(Errno::ENODEV)
                .with_path(TOP)
                .with_detail("no cgroup hierarchy is mounted here")
                .with_hint(
                    "mount one (`mount -t cgroup2 cgroup2 /sys/fs/cgroup`); `tinylua doctor` shows the controllers of \
                     this host",
                ));
        }
        Ok(layout)
    }

    /// The hierarchies in the text of a mountinfo file, limited to mounts that `visible` accepts with their device.
    pub fn parse(text: &str, visible: impl Fn(&Mount, &str) -> bool) -> Layout {
        let mut layout = Layout { unified: None, v1: Vec::new() };
        let seen = text.lines().filter_map(parse_line).filter(|(mount, device)| visible(mount, device));
        let mut mounts: Vec<Mount> = seen.map(|(mount, _)| mount).collect();
        // A mount of the whole hierarchy is preferred to a bind mount of a part.
        mounts.sort_by_key(|m| m.root != "/");
        for mount in mounts {
            if mount.unified {
                layout.unified.get_or_insert(mount);
            } else if !mount.controllers.is_empty() && layout.v1.iter().all(|m| m.controllers != mount.controllers) {
                layout.v1.push(mount);
            }
        }
        // Without v2 the freezer hierarchy lists the members, since it can stop them all for a kill.
        layout.v1.sort_by_key(|m| !m.has("freezer"));
        layout
    }

    /// "v1", "v2" or "hybrid".
    pub fn version(&self) -> &'static str {
        match (&self.unified, self.v1.is_empty()) {
            (Some(_), true) => "v2",
            (Some(_), false) => "hybrid",
            (None, _) => "v1",
        }
    }

    /// Every hierarchy: v2 first.
    pub fn mounts(&self) -> impl Iterator<Item = &Mount> {
        self.unified.iter().chain(&self.v1)
    }

    /// The hierarchy in which every cgroup has a directory.
    pub fn base(&self) -> &Mount {
        // `read` refuses an empty layout.
        self.mounts().next().expect("a layout has at least one hierarchy")
    }

    /// The hierarchy of a controller by its v2 name. Errors: ENODEV if no hierarchy has it.
    pub fn home(&self, controller: &str) -> Result<Home<'_>> {
        let old = if controller == "io" { "blkio" } else { controller };
        if let Some(mount) = self.v1.iter().find(|m| m.has(old)) {
            return Ok(Home::V1(mount));
        }
        let mut offered: Vec<String> = self.v1.iter().flat_map(|m| m.controllers.clone()).collect();
        if let Some(mount) = &self.unified {
            let own = file::read(&mount.folder.join("cgroup.controllers"))?;
            if own.split_whitespace().any(|c| c == controller) {
                return Ok(Home::V2(mount));
            }
            if matches!(controller, "freezer" | "cpuacct") {
                return Ok(Home::Core(mount));
            }
            offered.extend(own.split_whitespace().map(String::from));
        }
        let offered = if offered.is_empty() { "none".into() } else { offered.join(", ") };
        Err(Error::new(Errno::ENODEV)
            .with_path(&self.base().folder)
            .with_detail(format!("there is no {controller} controller; the mounted hierarchies have {offered}"))
            .with_hint("`tinylua doctor` shows the controllers of this host"))
    }
}

impl Mount {
    /// Whether this v1 hierarchy has the controller.
    pub fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|c| c == controller)
    }
}

fn root_directory() -> Result<Root> {
    let stat = rustix::fs::statx(CWD, "/", AtFlags::empty(), StatxFlags::INO | StatxFlags::MNT_ID).at("/")?;
    Ok((stat.stx_mnt_id, stat.stx_dev_major, stat.stx_dev_minor, stat.stx_ino))
}

/// Whether the mount can be reached: another mount may cover it.
fn visible(mount: &Mount, device: &str) -> bool {
    rustix::fs::stat(&mount.folder).is_ok_and(|stat| {
        let found = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
        device == format!("{}:{}", found.0, found.1)
    })
}

/// A line of mountinfo as a hierarchy and its device; `None` for other mounts.
fn parse_line(line: &str) -> Option<(Mount, &str)> {
    let (front, back) = line.split_once(" - ")?;
    let mut front = front.split(' ');
    let device = front.nth(2)?;
    let (root, folder) = (unescape(front.next()?), unescape(front.next()?));
    let mut back = back.split(' ');
    let unified = match back.next()? {
        "cgroup2" => true,
        "cgroup" => false,
        _ => return None,
    };
    const FLAGS: [&str; 6] = ["rw", "ro", "xattr", "noprefix", "clone_children", "favordynmods"];
    let words = back.nth(1)?.split(',').filter(|w| !unified && !w.contains('=') && !FLAGS.contains(w));
    Some((Mount { folder: folder.into(), root, unified, controllers: words.map(String::from).collect() }, device))
}

/// mountinfo escapes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
        33 31 0:30 / /sys/fs/cgroup/cpu rw,nosuid shared:7 - cgroup cgroup rw,cpu,cpuacct\n\
        36 31 0:34 /part /mnt/a\\040b rw - cgroup cgroup rw,freezer\n\
        37 31 0:34 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n\
        40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn hybrid() {
        let layout = Layout::parse(HYBRID, |_, _| true);
        assert_eq!(layout.version(), "hybrid");
        let folders: Vec<_> = layout.mounts().map(|m| m.folder.display().to_string()).collect();
        assert_eq!(folders, ["/sys/fs/cgroup/unified", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup/cpu"]);
        assert!(layout.v1[1].has("cpuacct"));
    }

    #[test]
    fn a_hidden_mount_is_passed_over() {
        let layout = Layout::parse(HYBRID, |m, _| m.root != "/");
        assert_eq!(layout.version(), "v1");
        assert_eq!(layout.base().folder, PathBuf::from("/mnt/a b"));
    }
}
