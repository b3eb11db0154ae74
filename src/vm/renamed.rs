//! Old names of options: the binding of a call gets its tables with the new ones. An old name that begins with `!` is that of
//! a flag that turned the option off: `down = true` is `up = false`.

use std::borrow::Cow;

use mlua::{Lua, MultiValue, Table, Value};

use super::handle;
use super::registry::{Entry, Key, Type};

/// The arguments of a call with the new names of options; without old names, the arguments themselves.
pub fn current<'a>(lua: &Lua, primitive: Entry, args: &'a MultiValue) -> Result<Cow<'a, MultiValue>, String> {
    let mut current = Cow::Borrowed(args);
    if !primitive.has_renamed_options() {
        return Ok(current);
    }
    let at = primitive.takes_table().then(|| primitive.table_index());
    for (i, value) in args.iter().enumerate() {
        let Value::Table(table) = value else { continue };
        if handle::kind(table).is_some() {
            continue;
        }
        let place = i - usize::from(at.is_some_and(|at| i > at));
        let renamed = match primitive.args().nth(place).map(Key::ty) {
            _ if at == Some(i) => renamed(lua, table, primitive.options())?,
            Some(Type::Options(keys)) => renamed(lua, table, keys.iter())?,
            _ => None,
        };
        if let Some(renamed) = renamed {
            current.to_mut()[i] = Value::Table(renamed);
        }
    }
    Ok(current)
}

/// A copy of a table that has old names, with the new ones.
fn renamed(lua: &Lua, table: &Table, keys: impl Iterator<Item = impl Key>) -> Result<Option<Table>, String> {
    let mut copy = None;
    for (key, (old, _)) in keys.flat_map(|key| key.formerly().map(move |old| (key, old))) {
        let (old, off) = old.strip_prefix('!').map_or((old, false), |old| (old, true));
        let get = |name: &str| table.raw_get::<Value>(name).map_err(|e| e.to_string());
        let value = match get(old)? {
            Value::Nil => continue,
            Value::Boolean(set) if off => {
                if set {
                    Value::Boolean(false)
                } else {
                    Value::Nil
                }
            }
            value => value,
        };
        if !get(key.name())?.is_nil() {
            return Err(format!("option {old:?} is the old name of {:?}: give only that", key.name()));
        }
        let fresh = match copy.take() {
            Some(fresh) => fresh,
            None => lua.create_table_from(table.pairs::<Value, Value>().flatten()).map_err(|e| e.to_string())?,
        };
        let put = |name: &str, value: Value| fresh.raw_set(name, value).map_err(|e| e.to_string());
        put(old, Value::Nil)?;
        put(key.name(), value)?;
        copy = Some(fresh);
    }
    Ok(copy)
}
