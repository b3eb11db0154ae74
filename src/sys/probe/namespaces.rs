//! The kinds of namespaces, and who may make user namespaces (namespaces(7), user_namespaces(7)).

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{line, number};
use crate::sys::namespace::KINDS;

/// By kind: whether the kernel supports it and its limit is not 0.
pub type Namespaces = BTreeMap<&'static str, bool>;

/// The eight kinds.
pub fn namespaces() -> Namespaces {
    KINDS.iter().map(|(kind, _, file)| (*kind, offered(kind, file))).collect()
}

fn offered(kind: &str, file: &str) -> bool {
    let limit = format!("/proc/sys/user/max_{}_namespaces", if kind == "mount" { "mnt" } else { kind });
    std::fs::symlink_metadata(format!("/proc/self/ns/{file}")).is_ok() && number(&limit) != Some(0)
}

/// User namespaces for unprivileged users.
#[derive(Serialize)]
pub struct Users {
    /// The limit of user namespaces (/proc/sys/user/max_user_namespaces); absent without support.
    pub limit: Option<u64>,
    /// Whether an unprivileged user may create one.
    pub unprivileged: bool,
    /// The setting that forbids it, if any.
    pub forbidden_by: Option<&'static str>,
    /// Whether newuidmap and newgidmap are in PATH: they can map more than the user's own id.
    pub newuidmap: bool,
    /// Whether this user has a range of ids in /etc/subuid and /etc/subgid.
    pub subids: bool,
}

/// Reads the settings of the kernel, of Debian's patch and of AppArmor.
pub fn users() -> Users {
    let forbidden_by = forbidden_by();
    let there = std::fs::symlink_metadata("/proc/self/ns/user").is_ok();
    Users {
        limit: number("/proc/sys/user/max_user_namespaces"),
        unprivileged: there && forbidden_by.is_none(),
        forbidden_by,
        newuidmap: in_path("newuidmap") && in_path("newgidmap"),
        subids: has_range("/etc/subuid") && has_range("/etc/subgid"),
    }
}

/// The setting that forbids user namespaces to unprivileged users, or to all.
pub fn forbidden_by() -> Option<&'static str> {
    [
        ("user.max_user_namespaces", "/proc/sys/user/max_user_namespaces", 0),
        ("kernel.unprivileged_userns_clone", "/proc/sys/kernel/unprivileged_userns_clone", 0),
        ("kernel.apparmor_restrict_unprivileged_userns", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1),
    ]
    .into_iter()
    .find(|(_, path, forbids)| number(path) == Some(*forbids))
    .map(|(name, ..)| name)
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Lines are "name:first:count" or "uid:first:count" (subuid(5)).
fn has_range(file: &str) -> bool {
    let uid = nix::unistd::geteuid();
    let name = nix::unistd::User::from_uid(uid).ok().flatten().map(|u| u.name);
    let owners = [Some(uid.to_string()), name];
    let text = line(file).unwrap_or_default();
    text.lines().filter_map(|l| l.split(':').next()).any(|owner| owners.iter().flatten().any(|o| o == owner))
}
