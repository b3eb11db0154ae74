//! What this kernel and host offer. Every question is harmless: it reads a file or makes a system
//! call that must fail, with an error that tells whether the call exists. Nothing is made, loaded
//! or changed, and no program is run.

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

/// All facts, as `tiny.probe()` returns them.
#[derive(Serialize)]
pub struct Host {
    /// The kernel's name, version and machine.
    pub kernel: kernel::Kernel,
    /// The effective user id.
    pub euid: u32,
    /// The names of the effective capabilities.
    pub capabilities: Vec<String>,
    /// Control groups: where they are, and with which controllers.
    pub cgroup: cgroup::Cgroups,
    /// The kinds of namespaces.
    pub namespaces: namespaces::Namespaces,
    /// User namespaces: who may make them and map ids into them.
    pub userns: namespaces::Users,
    /// File systems by their names.
    pub filesystems: modules::Filesystems,
    /// System calls.
    pub calls: calls::Calls,
    /// seccomp, Landlock and the security modules.
    pub security: security::Security,
    /// Packet filter, forwarding, devices.
    pub network: network::Network,
}

/// Asks everything.
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
