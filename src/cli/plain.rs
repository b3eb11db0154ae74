//! A command line without options: `tinylua run recipe.lua WORD…`. A script that declares its options
//! as a function and takes all words in one argument receives them unchanged. No option can be among
//! them, so neither the declarations nor a parser are needed until a default is read.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use mlua::{Function, Lua, Table, Value};

use super::spec::Spec;
use crate::vm::Failure;

/// The `args` table for words that need no parser; its other values are computed on first access.
pub fn table(lua: &Lua, name: &str, script: &Table, words: &[OsString]) -> Result<Option<Table>, Failure> {
    let plain = words.first().is_some_and(|first| !first.is_empty() && !first.as_bytes().starts_with(b"-"));
    if !plain || !script.raw_get::<Value>("options").is_ok_and(|options| options.is_function()) {
        return Ok(None);
    }
    let make = || -> mlua::Result<Option<Table>> {
        let Some(key) = the_argument(script)? else { return Ok(None) };
        let words = words.iter().map(|word| lua.create_string(word.as_bytes())).collect::<mlua::Result<Vec<_>>>()?;
        let args = lua.create_table_from([(key, lua.create_sequence_from(words)?)])?;
        let meta = lua.create_table_from([("__index", defaults(lua, name.to_owned(), script.clone())?)])?;
        args.set_metatable(Some(meta))?;
        Ok(Some(args))
    };
    make().map_err(|e| Failure::plain(format!("{name}.lua: its options cannot be read: {e}")))
}

/// The key of the only argument, which takes all words; `None` if there are others.
fn the_argument(script: &Table) -> mlua::Result<Option<String>> {
    let list: Table = script.raw_get("args")?;
    let argument: Table = list.raw_get(1)?;
    let all = argument.raw_get::<Option<bool>>("trailing")? == Some(true) && list.raw_len() == 1;
    Ok(if all { Some(argument.raw_get::<String>(1)?.replace('-', "_")) } else { None })
}

/// Adds the defaults to `args`, once, and repeats the look-up.
fn defaults(lua: &Lua, name: String, script: Table) -> mlua::Result<Function> {
    lua.create_function(move |lua, (args, key): (Table, Value)| {
        args.set_metatable(None)?;
        let failed = |failure: Failure| mlua::Error::runtime(failure.text);
        let spec = Spec::of(&name, &script).map_err(failed)?;
        spec.defaults(lua).map_err(failed)?.for_each(|key: Value, value: Value| {
            if args.raw_get::<Value>(&key)?.is_nil() { args.raw_set(key, value) } else { Ok(()) }
        })?;
        args.raw_get::<Value>(key)
    })
}
