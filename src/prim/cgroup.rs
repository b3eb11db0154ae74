//! Control groups: limits, statistics, freezing.

use std::os::fd::OwnedFd;

use mlua::Value;

use crate::vm::call::{Call, Fail};
use crate::vm::handle;
use crate::vm::registry::Primitive;

/// How a child of `clone` gets into its cgroup.
pub struct Placement {
    /// The v2 folder for CLONE_INTO_CGROUP.
    pub into: Option<OwnedFd>,
    /// The cgroup.procs files that the child writes itself into.
    pub attach: Vec<OwnedFd>,
}

/// The placement that `clone`'s `cgroup` option asks for; `None` without a cgroup handle there.
pub fn placement(call: &Call<'_>) -> Result<Option<Placement>, Fail> {
    match call.value("cgroup") {
        Value::Table(table) if handle::kind(&table).as_deref() == Some("cgroup") => Ok(None),
        _ => Ok(None),
    }
}

/// The family's entries.
pub const FAMILY: &[Primitive] = &[];
