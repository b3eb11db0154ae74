//! The features of this kernel and host. Every query is harmless: it reads a file or makes a system call that must
//! fail, with an error that shows whether the call exists. Nothing is created, loaded or changed, and no program is
//! run.

mod answer;
mod calls;
mod cgroup;
mod kernel;
mod modules;
mod namespaces;
mod network;
mod security;

use serde::Serialize;

pub use answer::Offer;
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
