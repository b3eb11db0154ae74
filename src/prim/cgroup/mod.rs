//! Cgroups: limits, statistics, freezing. A cgroup is given as a handle or a path; the caller chooses where its cgroups
//! are. This file lists the family and resolves the cgroup argument of a call.

mod device;
mod file;
mod group;
mod limit;
mod member;

use mlua::Value;

use crate::sys::cgroup::{self as sys, Group, Placement};
use crate::vm::call::{Call, Fail};
use crate::vm::handle;
use crate::vm::registry::{Arg, Primitive, Type, arg};

const BASE: Primitive = Primitive { family: "control groups", errors: ERRORS, ..Primitive::BASE };

pub(in crate::prim) const GROUP: Arg = arg(
    "group",
    Type::Either(&[Type::Handle("cgroup"), Type::Path]),
    "a cgroup handle, or a path relative to the root of each hierarchy as the caller sees it mounted",
);

const ERRORS: &[(&str, &str)] = &[
    ("ENOENT", "create it with tiny.cgroup; `tinylua doctor` shows the controllers of this host"),
    ("EACCES", "run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)"),
    ("EPERM", "run as root, or below a cgroup that was delegated to your user (systemd: Delegate=yes)"),
    ("EROFS", "the cgroup file systems are mounted read-only here: mount a writable one first"),
    ("ENODEV", "`tinylua doctor` shows the controllers of this host"),
];

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    group::CGROUP,
    group::OPEN_CGROUP,
    group::CGROUP_DEL,
    member::CGROUP_OF,
    member::CGROUP_ATTACH,
    member::CGROUP_KILL,
    member::CGROUP_FREEZE,
    member::CGROUP_THAW,
    limit::SET_MEMORY_LIMIT,
    limit::SET_SWAP_LIMIT,
    limit::SET_CPU_LIMIT,
    limit::SET_PIDS_LIMIT,
    device::SET_DEVICE_RULES,
    file::CGROUP_STATS,
    file::CGROUP_READ,
    file::CGROUP_WRITE,
];

/// The cgroup in which `clone` starts the child; `None` without a `cgroup` option.
pub fn placement(call: &Call<'_>) -> Result<Option<Placement>, Fail> {
    match call.value("cgroup") {
        Value::Table(table) if handle::kind(&table).as_deref() == Some("cgroup") => {
            Ok(Some(Group::at(&path_of(&Value::Table(table))?)?.placement()?))
        }
        _ => Ok(None),
    }
}

/// The path of a handle or of a string.
fn path_of(value: &Value) -> Result<String, Fail> {
    let path = match value {
        Value::Table(table) if table.raw_get::<bool>("closed")? => {
            return Err(Fail::Usage("the cgroup handle is closed".into()));
        }
        Value::Table(table) => table.raw_get::<String>("path")?,
        Value::String(text) => text.to_string_lossy(),
        _ => String::new(),
    };
    sys::normal(&path).map_err(Fail::Usage)
}

pub(in crate::prim) fn group(call: &Call<'_>) -> Result<Group, Fail> {
    Ok(Group::at(&path_of(&call.arg_value(0))?)?)
}
