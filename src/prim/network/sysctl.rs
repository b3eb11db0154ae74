//! `sysctl`: its entry and its binding. It is in the network family because most of its keys are.

use mlua::Value;

use super::{BASE, Place, sequence};
use crate::sys::sysctl as sys;
use crate::vm::call::{Call, Fail};
use crate::vm::handle::Builder;
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt, optional};

pub const SYSCTL: Primitive = Primitive {
    name: "sysctl",
    doc: "Reads a kernel setting below /proc/sys, or sets it if a value is given (sysctl(8), proc(5)). The keys below \
          `net` belong to a network namespace, most others to the whole machine.",
    args: &[
        arg("key", Type::Str, "such as \"net.ipv4.ip_forward\", with dots or slashes"),
        optional("value", Type::Either(&[Type::Int, Type::Str]), "the new value"),
    ],
    options: &[opt("netns", Type::Handle("netns"), "the caller's", "the network namespace for keys below `net`")],
    returns: "without a value: the value as a string. With one: a sysctl handle with `key`, `value` and `old`; \
              `<close>` restores the old value",
    errors: &[
        ("ENOENT", "the kernel has no such setting; `sysctl -a` lists them"),
        ("EPERM", "needs root in the user namespace that owns the setting; most belong to the initial one"),
        ("EACCES", "needs root, or the setting is read-only (or write-only)"),
        ("EROFS", "/proc/sys is mounted read-only, as in a container; change the setting from outside"),
        ("EINVAL", "the kernel does not accept this value"),
    ],
    example: "local forward <close> = tiny.sysctl(\"net.ipv4.ip_forward\", 1)\nprint(tiny.sysctl(\"net.ipv4.ip_forward\"))",
    call: sysctl,
    ..BASE
};

fn sysctl(call: &Call<'_>) -> Outcome {
    let key = call.str(0)?;
    if sys::path(&key).is_none() {
        return Err(Fail::Usage(format!("{key:?} is not a key below /proc/sys, such as \"net.ipv4.ip_forward\"")));
    }
    let place = Place::option(call)?;
    let value = match call.arg_value(1) {
        Value::Nil => return call.ok(sys::read(place.fd(), &key)?),
        Value::String(text) => text.to_string_lossy(),
        _ => call.get::<i64>(1)?.to_string(),
    };
    // A write-only setting has no old value to restore.
    let old = sys::read(place.fd(), &key).ok();
    sys::write(place.fd(), &key, &value)?;
    let undo = match &old {
        Some(old) => Some(sequence(call, ("sysctl", key.as_str(), old.as_str(), place.options(call, &[])?))?),
        None => None,
    };
    let handle = Builder::new(call.lua, "sysctl")?
        .field("undo", undo)?
        .field("name", key.as_str())?
        .field("key", key)?
        .field("value", value)?
        .field("old", old)?
        .build()?;
    call.ok(handle)
}
