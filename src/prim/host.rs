//! The features of this host.

use mlua::LuaSerdeExt;

use crate::sys::probe;
use crate::vm::registry::{Effect, Primitive};

const BASE: Primitive = Primitive { family: "host", ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[Primitive {
    name: "probe",
    effect: Effect::Reads,
    doc: "Returns the features of this kernel and host. It only queries them: nothing is created, loaded or run. A \
          feature that is a kernel module is true (loaded), \"module\" (can be loaded) or false.",
    returns: "a table: kernel, euid, capabilities, cgroup, namespaces, userns, filesystems, calls, security, network",
    example: "local host = tiny.probe()\nprint(host.kernel.release, host.cgroup.mode, host.filesystems.overlay)",
    call: |c| {
        let options = mlua::serde::ser::Options::new().serialize_none_to_null(false).set_array_metatable(false);
        c.ok(c.lua.to_value_with(&probe::host(), options)?)
    },
    ..BASE
}];
