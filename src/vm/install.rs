//! The global `tiny`: the primitives of the registry behind the bindings. A primitive is bound when its
//! name is first used, since a recipe uses a dozen out of more than a hundred.

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, MultiValue, Table, Value};

use super::files::SearchPath;
use super::registry::{Entry, Key, Registry, Type};
use super::{child, dispatch, error, handle};
use crate::sys::clock;

/// `bindings.lua` as bytecode, like all shipped Lua.
static BINDINGS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bindings.luac"));

/// Builds the `tiny` table.
pub fn tiny(lua: &Lua, primitives: &'static Registry) -> mlua::Result<Table> {
    let tiny = lua.create_table()?;
    let handles: Table = lua.load(BINDINGS).set_mode(ChunkMode::Binary).call((&tiny, internal(lua, primitives)?))?;
    lua.set_named_registry_value("tiny.handles", handles)?;
    Ok(tiny)
}

/// The Rust functions that the bindings need.
fn internal(lua: &Lua, primitives: &'static Registry) -> mlua::Result<Table> {
    let meta = lua.create_table()?;
    meta.raw_set("__name", "error")?;
    meta.raw_set("__tostring", lua.create_function(|_, err: Table| Ok(error::display(&err)))?)?;
    lua.set_named_registry_value(error::META, &meta)?;

    let internal = lua.create_table()?;
    internal.raw_set("error_meta", &meta)?;
    internal.raw_set(
        "is_error",
        lua.create_function(move |_, value: Value| {
            Ok(value.as_table().and_then(Table::metatable).as_ref() == Some(&meta))
        })?,
    )?;
    internal.raw_set("catch", lua.create_function(|lua, thrown: Value| error::catch(lua, thrown))?)?;
    internal.raw_set("generation", lua.create_function(|_, ()| Ok(handle::generation()))?)?;
    internal.raw_set("brief", lua.create_function(|_, t: Table| Ok(handle::brief(&t)))?)?;
    internal
        .raw_set("finish", lua.create_function(|lua, (ok, value): (bool, Value)| child::finish(lua, ok, value))?)?;
    internal.raw_set(
        "close",
        lua.create_function(|_, owned: Value| {
            let Value::UserData(owned) = owned else { return Ok(()) };
            if let Ok(mut fd) = owned.borrow_mut::<handle::Fd>() {
                fd.0.take();
            } else if let Ok(mut resource) = owned.borrow_mut::<handle::Resource>() {
                resource.0.take();
            }
            Ok(())
        })?,
    )?;
    internal.raw_set(
        "elsewhere",
        lua.create_function(|lua, ()| Ok(lua.app_data_ref::<SearchPath>().is_some_and(|search| search.elsewhere())))?,
    )?;
    internal.raw_set("in_utc", lua.create_function(in_utc)?)?;
    internal.raw_set("primitive", lua.create_function(move |lua, name| primitive(lua, primitives, name))?)?;
    internal.raw_set(
        "names",
        lua.create_function(move |lua, ()| lua.create_sequence_from(bound(primitives).map(Entry::name)))?,
    )?;
    internal.raw_set("methods", lua.create_function(move |lua, kind| methods(lua, primitives, kind))?)?;
    Ok(internal)
}

/// The primitives that are bound to Rust functions.
fn bound(primitives: &'static Registry) -> impl Iterator<Item = Entry> {
    primitives.entries().filter(|p| !p.in_lua())
}

/// Calls a Lua library function that would read the time zone, through pcall.
fn in_utc(_: &Lua, (call, args): (Function, MultiValue)) -> mlua::Result<MultiValue> {
    let before = clock::take_zone();
    let results = call.call(args);
    clock::give_zone(before);
    results
}

/// The raw function of a primitive, whether it forks, and for an old name only the new one.
type Bound = (Option<Function>, bool, Option<&'static str>);

fn primitive(lua: &Lua, primitives: &'static Registry, name: Value) -> mlua::Result<Bound> {
    let Value::String(name) = name else { return Ok((None, false, None)) };
    let name = name.as_bytes();
    match bound(primitives).find(|p| p.is(&name)) {
        Some(found) => {
            let forks = found.args().any(|a| a.ty() == Type::Function);
            Ok((Some(dispatch::raw(lua, found)?), forks, None))
        }
        None => {
            let renamed = primitives.entries().find(|p| p.formerly().any(|(old, _)| old.as_bytes() == &*name));
            Ok((None, false, renamed.map(Entry::name)))
        }
    }
}

/// The methods of a kind of handle and their primitives; and the old names of methods likewise, `None` without any.
fn methods(lua: &Lua, primitives: &'static Registry, kind: String) -> mlua::Result<(Table, Option<Table>)> {
    let own = bound(primitives)
        .filter_map(|p| p.method().filter(|(of, _)| *of == kind).map(|(_, method)| (method, p.name())));
    let old = bound(primitives).flat_map(|p| p.formerly().map(move |(old, _)| (old, p.name())));
    let old: Vec<_> = old
        .filter_map(|(old, name)| old.split_once(':').filter(|(of, _)| *of == kind).map(|(_, method)| (method, name)))
        .collect();
    let old = if old.is_empty() { None } else { Some(lua.create_table_from(old)?) };
    Ok((lua.create_table_from(own)?, old))
}
