//! The end of a forked closure: report, flush, `_exit`. It never returns into the parent's frames: only the
//! parent may undo their `<close>` handles.

use mlua::{Lua, Value};

use super::check::to_integer;
use super::{error, format};
use crate::sys;

/// Ends this child: `value` is the closure's result, or the error value it threw.
pub fn finish(lua: &Lua, ok: bool, value: Value) -> mlua::Result<()> {
    let status = match status_of(&value) {
        _ if !ok => report(&value),
        Some(status) => status,
        None => report(&wrong_status(lua, &value)?),
    };
    sys::process::end_child(status)
}

/// The exit status for the result of a closure or recipe. The kernel keeps only eight bits of a status, so that 256 would
/// be a success: another number, or another value, is none.
pub fn status_of(value: &Value) -> Option<u8> {
    match value {
        Value::Nil | Value::Boolean(true) => Some(0),
        Value::Boolean(false) => Some(1),
        number => to_integer(number).and_then(|status| u8::try_from(status).ok()),
    }
}

/// The values that `status_of` takes.
pub const STATUSES: &str = "return nothing, a boolean, or an exit status from 0 to 255";

fn wrong_status(lua: &Lua, value: &Value) -> mlua::Result<Value> {
    let err = lua.create_table()?;
    err.raw_set("message", format!("the function returned {}, which is not an exit status", format::value(value)))?;
    err.raw_set("hint", STATUSES)?;
    Ok(Value::Table(err))
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
