//! Errors in Lua: a table with `op`, `args`, `code`, `errno`, `path`, `detail`, `hint`, `at`, and
//! `message`, printed as a message and a hint. A child sends it to its parent as JSON.

use mlua::{Lua, LuaSerdeExt, MultiValue, Table, Value};
use nix::errno::Errno;

use super::call::Fail;
use super::error_hints::{with_hint, without_given};
use super::format;
use super::registry::{Entry, Registry};
use crate::sys::interrupt;
use crate::sys::security::capabilities;

/// The registry key of the metatable of all error values.
pub const META: &str = "tiny.error";

/// Turns a failure of `primitive` into a Lua error value.
pub fn dress(lua: &Lua, primitive: Entry, args: &MultiValue, fail: Fail) -> mlua::Result<Value> {
    let failure = match fail {
        Fail::Reported(value) => return Ok(value),
        Fail::Lua(error) => return error_value(lua, &plain(&error)),
        Fail::Plain(text) => {
            let err = lua.create_table()?;
            err.raw_set("message", text)?;
            return finish(lua, err);
        }
        Fail::Sys(error) => Err(error),
        Fail::Usage(text) => Ok(text),
    };
    let err = lua.create_table_with_capacity(0, 10)?;
    err.raw_set("op", primitive.name())?;
    let shown: Vec<String> = args.iter().filter(|v| !v.is_function()).map(format::value).collect();
    err.raw_set("args", lua.create_sequence_from(shown.iter().map(String::as_str))?)?;
    err.raw_set("at", location(lua))?;
    match failure {
        Ok(text) => {
            err.raw_set("code", "EINVAL")?;
            err.raw_set("usage", true)?;
            err.raw_set("message", text)?;
        }
        Err(error) => {
            // A signal or a time limit has interrupted this waiting call; Lua is not interrupted a second time.
            let by = if error.errno == Errno::EINTR { interrupt::take() } else { None };
            let limit = by == Some(interrupt::LIMIT);
            let code = if limit { "ETIMEDOUT".into() } else { error.code() };
            err.raw_set("code", &*code)?;
            err.raw_set("errno", if limit { Errno::ETIMEDOUT } else { error.errno } as i32)?;
            match by {
                Some(signal) if limit || interrupt::ends(signal) => {
                    err.raw_set("message", super::interrupt::text(signal))?
                }
                _ => err.raw_set("message", error.to_string())?,
            }
            let listed = primitive.errors().find(|(name, _)| *name == code).map(|(_, hint)| hint.to_owned());
            let hint = error.hint.or(listed).and_then(|hint| without_given(hint, |name| given(args, name)));
            err.raw_set("hint", hint)?;
            err.raw_set("path", error.path)?;
            err.raw_set("detail", error.detail)?;
        }
    }
    finish(lua, err)
}

/// Whether the call had this option, or its process already is where the option leads: with privileges in its namespace.
fn given(args: &MultiValue, option: &str) -> bool {
    let set = |value: &Value| {
        value.as_table().is_some_and(|t| t.raw_get::<Value>(option).is_ok_and(|v| v == Value::Boolean(true)))
    };
    args.iter().any(set) || option == "user" && may_administer()
}

fn may_administer() -> bool {
    capabilities::own().is_ok_and(|sets| capabilities::bit("SYS_ADMIN").is_some_and(|bit| sets.effective & bit != 0))
}

/// An error value with only a message.
pub fn error_value(lua: &Lua, message: &str) -> mlua::Result<Value> {
    let err = lua.create_table()?;
    err.raw_set("message", message)?;
    err.raw_set("at", location(lua))?;
    finish(lua, err)
}

/// Any thrown value as an error value, with the traceback from where it was thrown.
pub fn catch(lua: &Lua, thrown: Value) -> mlua::Result<Value> {
    let value = match thrown {
        Value::Table(t) if is_error(lua, &t) => Value::Table(t),
        other => {
            let err = lua.create_table()?;
            let message = match &other {
                Value::String(s) => s.to_string_lossy(),
                Value::Error(e) => plain(e),
                _ => format!("an error without a message was thrown: {}", format::value(&other)),
            };
            let names = Registry::of(lua).into_iter().flat_map(|registry| registry.entries().map(Entry::name));
            let (message, hint) = with_hint(&message, names);
            err.raw_set("message", message)?;
            err.raw_set("hint", hint)?;
            finish(lua, err)?
        }
    };
    if let Value::Table(err) = &value
        && err.raw_get::<Value>("traceback")?.is_nil()
    {
        err.raw_set("traceback", lua.traceback(None, 1)?)?;
    }
    Ok(value)
}

/// A Rust error that passed through Lua, without mlua's wrappers.
fn plain(error: &mlua::Error) -> String {
    match error {
        mlua::Error::CallbackError { cause, .. } => plain(cause),
        mlua::Error::RuntimeError(text) => text.clone(),
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

fn is_error(lua: &Lua, table: &Table) -> bool {
    let meta: Option<Table> = lua.named_registry_value(META).ok();
    table.metatable().is_some() && table.metatable() == meta
}

/// Sets the metatable of error values on a plain table.
pub fn finish(lua: &Lua, err: Table) -> mlua::Result<Value> {
    err.set_metatable(Some(lua.named_registry_value(META)?))?;
    Ok(Value::Table(err))
}

/// An error value as the text that is printed: message and hint.
pub fn display(err: &Table) -> String {
    let field = |key: &str| match err.raw_get::<Value>(key) {
        Ok(Value::String(s)) => Some(s.to_string_lossy()),
        _ => None,
    };
    let mut text = String::new();
    if let Some(at) = field("at") {
        text.push_str(&at);
        text.push_str(": ");
    }
    if let Some(op) = field("op") {
        let args: Vec<String> = err.raw_get("args").unwrap_or_default();
        text.push_str(&format!("{op}({}): ", args.join(", ")));
    }
    text.push_str(&field("message").unwrap_or_else(|| "unknown error".into()));
    if let Some(hint) = field("hint") {
        text.push_str("\n  hint: ");
        text.push_str(&hint);
    }
    if let Ok(cleanup) = err.raw_get::<Vec<String>>("cleanup") {
        for failure in cleanup {
            text.push_str("\n  while cleaning up: ");
            text.push_str(&failure.replace('\n', "\n  "));
        }
    }
    text
}

/// The position of the caller: the innermost frame in a user file, else the innermost in a shipped file.
pub fn location(lua: &Lua) -> Option<String> {
    let mut shipped = None;
    for (name, line, user) in frames(lua) {
        if user {
            return Some(format!("{name}:{line}"));
        }
        shipped.get_or_insert_with(|| format!("{name}:{line}"));
    }
    shipped
}

/// The innermost frame in a user file.
pub fn user_location(lua: &Lua) -> Option<String> {
    frames(lua).find(|(.., user)| *user).map(|(name, line, _)| format!("{name}:{line}"))
}

/// The Lua frames, innermost first: file, line, and whether it is a user file. The chunk names of
/// shipped files begin with "=", those of user files with "@".
fn frames(lua: &Lua) -> impl Iterator<Item = (String, usize, bool)> {
    let frame = |level| {
        lua.inspect_stack(level, |debug| {
            let source = debug.source().source.map(|s| s.into_owned()).unwrap_or_default();
            (source, debug.current_line())
        })
    };
    (1..100).map_while(frame).filter_map(|(source, line)| {
        let name = source.strip_prefix(['@', '=']).filter(|name| !name.starts_with('['))?;
        Some((name.to_owned(), line?, source.starts_with('@')))
    })
}

/// An error value as JSON, sent from a child to its parent. The message is always included; other fields
/// only if they fit into the pipe without blocking. Values that JSON cannot hold are converted to text.
pub fn to_json(err: &Table) -> String {
    const ROOM: usize = 60_000;
    let mut fields: Vec<(String, Value)> = err.pairs().flatten().collect();
    fields.sort_by_key(|(key, _)| (key != "message", key == "traceback"));
    let mut map = serde_json::Map::new();
    let mut left = ROOM;
    for (key, value) in fields {
        let plain = match &value {
            Value::String(text) => cut(&text.to_string_lossy()).into(),
            other => serde_json::to_value(other).unwrap_or_else(|_| format::value(other).into()),
        };
        let size = plain.to_string().len() + 6 * key.len() + 4;
        if let Some(rest) = left.checked_sub(size) {
            left = rest;
            map.insert(key, plain);
        }
    }
    serde_json::Value::from(map).to_string()
}

/// At most 8000 characters, which are at most 48,000 bytes when escaped.
fn cut(text: &str) -> String {
    match text.char_indices().nth(8000) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The error value in a child's report.
pub fn from_json(lua: &Lua, json: &[u8]) -> mlua::Result<Value> {
    match serde_json::from_slice::<serde_json::Value>(json) {
        Ok(plain) => match lua.to_value(&plain)? {
            Value::Table(err) => finish(lua, err),
            _ => error_value(lua, "a child failed, and its report is not an object"),
        },
        Err(_) => error_value(lua, &format!("a child failed: {}", String::from_utf8_lossy(json))),
    }
}
