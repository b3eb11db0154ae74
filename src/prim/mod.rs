//! The primitives: bindings and registry entries, one file per family. No policy and no unsafe code.

mod cgroup;
mod control;
mod copy;
mod credentials;
mod data;
mod event;
mod file;
mod foresee;
mod host;
mod manual;
mod mount;
mod namespace;
mod network;
mod notice;
mod output;
mod pidfd;
mod place;
mod process;
mod root;
mod security;
mod socket;
mod terminal;
mod userns;

use crate::vm::registry::Primitive;

/// The families in the order of the manual.
pub const FAMILIES: &[&[Primitive]] = &[
    process::FAMILY,
    pidfd::FAMILY,
    credentials::FAMILY,
    security::FAMILY,
    namespace::FAMILY,
    userns::FAMILY,
    root::FAMILY,
    mount::FAMILY,
    cgroup::FAMILY,
    network::FAMILY,
    file::FAMILY,
    copy::FAMILY,
    data::FAMILY,
    event::FAMILY,
    notice::FAMILY,
    socket::FAMILY,
    output::FAMILY,
    host::FAMILY,
    terminal::FAMILY,
    manual::FAMILY,
    control::FAMILY,
    foresee::FAMILY,
];
