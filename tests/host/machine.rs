//! The state of the machine outside all private hosts, which a test must never change. It is
//! recorded before and after a suite; anything new afterwards is a leak.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_link, read_to_string};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use super::PROGRAM;

/// The prefix of the names of private hosts' cgroups; the test binary's pid follows.
pub const OURS: &str = "tinylua-test-";

/// The state, by kind.
pub struct Machine(Vec<(&'static str, BTreeSet<String>)>);

impl Machine {
    /// Records the state of the machine.
    pub fn look() -> Machine {
        Machine(vec![
            ("link", names("/sys/class/net")),
            ("mount", mounts()),
            ("device", devices()),
            ("setting", settings()),
            ("cgroup", cgroups()),
            ("nft rule", rules()),
            ("state folder", state()),
            ("tinylua process", processes()),
        ])
    }

    /// The items that were not in `before`.
    pub fn beyond(&self, before: &Machine) -> Vec<String> {
        let pairs = self.0.iter().zip(&before.0);
        pairs.flat_map(|((kind, now), (_, then))| now.difference(then).map(move |x| format!("{kind} {x}"))).collect()
    }

    /// The number of items of each kind, if nothing was added.
    pub fn summary(&self) -> String {
        let counts: Vec<String> = self.0.iter().map(|(kind, all)| format!("{}: {kind}", all.len())).collect();
        format!("nothing ({})", counts.join(", "))
    }
}

fn names(folder: impl AsRef<Path>) -> BTreeSet<String> {
    let entries = read_dir(folder).into_iter().flatten().flatten();
    entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
}

fn mounts() -> BTreeSet<String> {
    let table = read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // The mount IDs are removed: only the mounts, their targets and their number matter.
    let mut found = BTreeSet::new();
    for mount in table.lines().filter_map(|line| line.splitn(4, ' ').nth(3)) {
        let times = (1..).find(|n| !found.contains(&format!("{mount} ({n})")));
        found.insert(format!("{mount} ({})", times.unwrap_or(0)));
    }
    found
}

/// The programs that the kernel starts itself, which are not per namespace.
fn settings() -> BTreeSet<String> {
    let names = ["core_pattern", "modprobe", "poweroff_cmd"];
    let text = |name| read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    names.map(|name| format!("{name} = {}", text(name).trim())).into()
}

/// The nodes of /dev with their modes and owners, which everyone shares.
fn devices() -> BTreeSet<String> {
    let entries = read_dir("/dev").into_iter().flatten().flatten();
    let node = |entry: std::fs::DirEntry| {
        let m = std::fs::symlink_metadata(entry.path()).ok()?;
        Some(format!("{} {:o} {}:{}", entry.path().display(), m.mode(), m.uid(), m.gid()))
    };
    entries.filter_map(node).collect()
}

fn cgroups() -> BTreeSet<String> {
    let table = read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut found = BTreeSet::new();
    for line in table.lines().filter(|line| line.contains(" - cgroup")) {
        if let Some(mounted) = line.split(' ').nth(4) {
            walk(Path::new(mounted), &mut found);
        }
    }
    found
}

fn walk(folder: &Path, found: &mut BTreeSet<String>) {
    let own = format!("{OURS}{}-", std::process::id());
    for entry in read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // Another running test binary checks its own.
        let foreign = name.starts_with(OURS) && !name.starts_with(&own);
        if !foreign && entry.file_type().is_ok_and(|t| t.is_dir()) {
            found.insert(entry.path().to_string_lossy().into_owned());
            walk(&entry.path(), found);
        }
    }
}

/// The rule set without counters; empty without `nft`.
fn rules() -> BTreeSet<String> {
    let listed = Command::new("nft").args(["-s", "list", "ruleset"]).output();
    let text = listed.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

fn state() -> BTreeSet<String> {
    let places = ["/var/lib/tinylua", "/run/tinylua", "/etc/tinylua"];
    places
        .iter()
        .filter(|p| Path::new(p).exists())
        .flat_map(|p| names(p).into_iter().map(move |n| format!("{p}/{n}")))
        .collect()
}

/// The processes of the binary under test, by any path: a sealed one runs from a mount or from memory.
fn processes() -> BTreeSet<String> {
    let id = |path: &str| std::fs::metadata(path).map(|m| (m.dev(), m.ino())).ok();
    let program = id(PROGRAM);
    let ours = |pid: &String| {
        let exe = format!("/proc/{pid}/exe");
        id(&exe).is_some_and(|exe| Some(exe) == program)
            || read_link(exe).is_ok_and(|name| name.to_string_lossy().starts_with("/memfd:tinylua"))
    };
    names("/proc").into_iter().filter(|name| name.parse::<u32>().is_ok()).filter(ours).collect()
}
