//! Capabilities (capabilities(7)): lists of names in Lua, masks in `sys`.

use mlua::Value;

use super::BASE;
use crate::sys::security::capabilities::{self as sys, Change};
use crate::vm::call::{Call, Fail};
use crate::vm::registry::{Effect, Opt, Outcome, Primitive, Type, arg, did_you_mean, opt, optional};

const PROCESS: Type = Type::Either(&[Type::Handle("child"), Type::Handle("process")]);

/// A list of capabilities as an option.
pub(super) const fn list(name: &'static str, default: &'static str, doc: &'static str) -> Opt {
    opt(name, Type::List(&Type::Str), default, doc)
}

pub(super) const CAPS: Primitive = Primitive {
    name: "caps",
    effect: Effect::Reads,
    doc: "Returns the five capability sets of a process (capabilities(7)).",
    args: &[optional("process", PROCESS, "a child or process handle; the caller when absent")],
    returns: "a table of lists of names: effective, permitted, inheritable, bounding, ambient",
    errors: &[("ESRCH", "the process has ended"), ("ENOENT", "the process has ended, or /proc does not show it")],
    example: "for _, name in ipairs(tiny.caps().effective) do print(name) end",
    call: caps,
    ..BASE
};

pub(super) const SET_CAPS: Primitive = Primitive {
    name: "set_caps",
    doc: "Sets the capability sets of the caller: the bounding set, then effective, permitted and inheritable \
          (capset(2)), then the ambient set. Sets that are not given stay unchanged. If one of them cannot be set, \
          none is changed.",
    options: &[
        list("effective", "unchanged", "the capabilities that the kernel checks"),
        list("permitted", "unchanged", "the capabilities that can be made effective"),
        list(
            "inheritable",
            "unchanged",
            "the capabilities that programs with file capabilities may keep across execve(2)",
        ),
        list("bounding", "unchanged", "the upper bound on what execve(2) can grant"),
        list(
            "ambient",
            "unchanged",
            "the capabilities that every program keeps across execve(2); must also be permitted and inheritable",
        ),
    ],
    errors: &[("EPERM", "capabilities can be dropped, not added: give a subset of what tiny.caps() returns")],
    example: "tiny.set_caps { bounding = { \"CAP_CHOWN\" }, permitted = { \"CAP_CHOWN\" }, effective = { \"CAP_CHOWN\" } }",
    call: set_caps,
    ..BASE
};

pub(super) const CAPABILITY_NAME: Primitive = Primitive {
    name: "capability_name",
    effect: Effect::Reads,
    doc: "Returns the full name of a capability, given in any case and with or without CAP_ (capabilities(7)).",
    args: &[arg("name", Type::Str, "such as \"net_raw\" or \"CAP_NET_RAW\"")],
    returns: "a string such as \"CAP_NET_RAW\"",
    example: "print(tiny.capability_name(\"net_raw\"))",
    call: |c| {
        let bit = bit(&c.str(0)?).map_err(Fail::Usage)?;
        c.ok(sys::names(bit).concat())
    },
    ..BASE
};

pub(super) const CAPABILITY_NAMES: Primitive = Primitive {
    name: "capability_names",
    effect: Effect::Reads,
    doc: "Returns the names of all capabilities that this kernel knows, whether or not the caller has them \
          (capabilities(7)).",
    returns: "a list of strings such as \"CAP_CHOWN\", in the order of their numbers",
    example: "print(#tiny.capability_names())",
    call: |c| c.ok(sys::names(sys::known())),
    ..BASE
};

/// The bit of a capability name; the error is a message for the user.
fn bit(name: &str) -> Result<u64, String> {
    sys::bit(name).ok_or_else(|| {
        let full = name.to_ascii_uppercase();
        let full = format!("CAP_{}", full.strip_prefix("CAP_").unwrap_or(&full));
        let near = did_you_mean(&full, sys::NAMES.into_iter());
        let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        format!("there is no capability {name:?}{near}")
    })
}

/// The mask of an option's list of names; `None` if it is absent.
pub(super) fn mask(call: &Call<'_>, key: &str) -> Result<Option<u64>, Fail> {
    let Some(names) = call.opt::<Vec<String>>(key)? else { return Ok(None) };
    let mut mask = 0;
    for (i, name) in names.iter().enumerate() {
        mask |= bit(name).map_err(|e| Fail::Usage(format!("option {key:?}: [{}]: {e}", i + 1)))?;
    }
    Ok(Some(mask))
}

fn caps(call: &Call<'_>) -> Outcome {
    let sets = match call.arg_value(0) {
        Value::Table(process) => {
            let sets = sys::of(process.raw_get("pid")?)?;
            // The pidfd confirms afterwards that the pid was not reused.
            call.fd(0)?.with(|pidfd| crate::sys::pidfd::kill(pidfd, 0))??;
            sets
        }
        _ => sys::own()?,
    };
    let table = call.lua.create_table()?;
    let named = [
        ("effective", sets.effective),
        ("permitted", sets.permitted),
        ("inheritable", sets.inheritable),
        ("bounding", sets.bounding),
        ("ambient", sets.ambient),
    ];
    for (name, mask) in named {
        table.raw_set(name, sys::names(mask))?;
    }
    call.ok(table)
}

fn set_caps(call: &Call<'_>) -> Outcome {
    sys::set(&Change {
        effective: mask(call, "effective")?,
        permitted: mask(call, "permitted")?,
        inheritable: mask(call, "inheritable")?,
        bounding: mask(call, "bounding")?,
        ambient: mask(call, "ambient")?,
    })?;
    call.ok(())
}
