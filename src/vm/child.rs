//! The end of a forked closure: report, flush, `_exit`. It never returns into the parent's frames: only the
//! parent may undo their `<close>` handles.

use mlua::{Lua, Value};

use super::{error, format};
use crate::sys;

/// Ends this child: `value` is the closure's result, or the error value it threw.
pub fn finish(lua: &Lua, ok: bool, value: Value) -> mlua::Result<()> {
    let status = if ok { status_of(&value) } else { report(&value) };
    let _ = lua;
    sys::process::end_child(status)
}

/// The exit status for the result of a closure or recipe.
pub fn status_of(value: &Value) -> u8 {
    match value {
        Value::Integer(n) => (*n & 0xff) as u8,
        Value::Boolean(false) => 1,
        _ => 0,
    }
}

fn report(value: &Value) -> u8 {
    let (json, status) = match value {
        Value::Table(err) => (error::to_json(err), exit_status(err)),
        other => (serde_json::json!({ "message": format::value(other) }).to_string(), 125),
    };
    sys::process::report(json.as_bytes());
    status
}

/// 127 when a command was not found, 126 when it cannot be executed, like a shell.
pub fn exit_status(err: &mlua::Table) -> u8 {
    let text = |key: &str| err.raw_get::<Option<String>>(key).ok().flatten().unwrap_or_default();
    let usage = err.raw_get::<Option<bool>>("usage").ok().flatten().unwrap_or(false);
    match (text("op").as_str(), text("code").as_str()) {
        ("exec", _) if usage => 125,
        ("exec", "ENOENT") => 127,
        ("exec", _) => 126,
        _ => 125,
    }
}
