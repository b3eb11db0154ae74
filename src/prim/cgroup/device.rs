//! Device rules of a cgroup.

use mlua::Table;

use super::{BASE, ERRORS, GROUP, group};
use crate::sys::cgroup::{Access, DeviceRule};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Outcome, Primitive, Type, need, opt, range};

const RULE: Type = Type::Options(&[
    opt("allow", Type::Bool, "true", "false: deny this access"),
    opt("type", Type::Word(&["char", "block"]), "both", "the kind of device"),
    opt("major", range::MAJOR, "all", "the major number"),
    opt("minor", range::MINOR, "all", "the minor number"),
    need("access", Type::Str, "one or more letters: r to read, w to write, m to create the device node (mknod(2))"),
]);

pub(super) const SET_DEVICE_RULES: Primitive = Primitive {
    name: "set_device_rules",
    doc: "Lets the processes of a cgroup use only the given devices: all are denied, and the last rule that matches \
          decides. On v1 this is the devices controller; on v2 it is \
          a BPF program attached to the cgroup (bpf(2)). Device files that are already open stay usable.",
    args: &[GROUP],
    list: Some((RULE, "the devices that are allowed, or denied")),
    method: Some(("cgroup", "set_device_rules")),
    errors: &[
        ("EPERM", "run as root; on v1 a cgroup cannot allow a device that its parent denies"),
        ("EINVAL", "the kernel has no BPF programs for device access (CONFIG_CGROUP_BPF)"),
        (
            "EOPNOTSUPP",
            "v1 ignores a rule for a part of the devices of an earlier one; write rules that do not overlap",
        ),
        ERRORS[0],
        ERRORS[1],
        ERRORS[3],
        ERRORS[4],
    ],
    example: "local web <close> = tiny.cgroup(\"web\")\ntiny.set_device_rules(web, { { type = \"char\", major = 1, minor = 3, \
              access = \"rw\" } })",
    call: set_device_rules,
    ..BASE
};

fn set_device_rules(call: &Call<'_>) -> Outcome {
    let mut rules = Vec::new();
    for (i, item) in call.table().into_iter().flat_map(Table::sequence_values::<Table>).enumerate() {
        rules.push(rule(&item?).map_err(|e| Fail::Usage(format!("[{}]: {e}", i + 1)))?);
    }
    group(call)?.set_device_rules(&rules)?;
    call.ok(())
}

fn rule(item: &Table) -> Result<DeviceRule, String> {
    let text = |key: &str| item.raw_get::<Option<String>>(key).map_err(|e| e.to_string());
    let number = |key: &str| item.raw_get::<Option<u32>>(key).map_err(|e| e.to_string());
    let access = text("access")?.unwrap_or_default();
    if access.is_empty() || access.chars().any(|c| !"rwm".contains(c)) {
        return Err(format!("option \"access\": {access:?} has letters other than r, w and m"));
    }
    let access = Access { read: access.contains('r'), write: access.contains('w'), mknod: access.contains('m') };
    Ok(DeviceRule {
        allow: item.raw_get::<Option<bool>>("allow").map_err(|e| e.to_string())?.unwrap_or(true),
        block: text("type")?.map(|t| t == "block"),
        major: number("major")?,
        minor: number("minor")?,
        access,
    })
}
