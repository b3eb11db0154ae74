//! The features of this kernel and host. Every query is harmless: it reads a file or makes a system call that must
//! fail, with an error that shows whether the call exists. Nothing is created, loaded or changed, and no program is
//! run.

mod calls;
mod cgroup;
mod kernel;
mod modules;
mod namespaces;
mod network;
mod security;

use serde::Serialize;

pub use namespaces::forbidden_by as userns_forbidden_by;

/// All facts, as returned by `tiny.probe()`.
#[derive(Serialize)]
pub struct Host {
    /// The kernel's name, version and machine.
    pub kernel: kernel::Kernel,
    /// The effective user id.
    pub euid: u32,
    /// The names of the effective capabilities.
    pub capabilities: Vec<String>,
    /// Cgroups: mount points and controllers.
    pub cgroup: cgroup::Cgroups,
    /// The kinds of namespaces.
    pub namespaces: namespaces::Namespaces,
    /// User namespaces: who may create them and map ids into them.
    pub userns: namespaces::Users,
    /// File systems by name.
    pub filesystems: modules::Filesystems,
    /// System calls.
    pub calls: calls::Calls,
    /// seccomp, Landlock and the security modules.
    pub security: security::Security,
    /// Packet filter, forwarding, devices.
    pub network: network::Network,
}

/// A kernel feature that may be a module: true, "module" (can be loaded) or false.
#[derive(Serialize, Clone, Copy, Debug, PartialEq)]
#[serde(untagged)]
pub enum Offer {
    /// Whether it is available now.
    Is(bool),
    /// "module": the module's file exists, and it is not loaded.
    As(&'static str),
}

/// Queries everything.
pub fn host() -> Host {
    let kernel = kernel::kernel();
    let modules = modules::Modules::read(&kernel.release);
    Host {
        euid: rustix::process::geteuid().as_raw(),
        capabilities: super::security::capabilities::effective(),
        cgroup: cgroup::cgroups(),
        namespaces: namespaces::namespaces(),
        userns: namespaces::users(),
        filesystems: modules::filesystems(&modules),
        calls: calls::calls(&kernel),
        security: security::security(),
        network: network::network(&modules),
        kernel,
    }
}

/// The text of a small file without the final newline; `None` if it cannot be read.
fn line(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

/// The number in a small file.
fn number(path: &str) -> Option<u64> {
    line(path)?.parse().ok()
}

/// Whether this process may write to it (access(2) with the effective ids).
fn writable(path: &str) -> bool {
    use rustix::fs::{Access, AtFlags, CWD};
    rustix::fs::accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}
