//! `require`: finds modules, and records which user modules this machine has loaded. A container stores them with its
//! recipe.

use mlua::{Lua, Table, Value};

use super::code_frame;
use super::files::{SearchPath, embedded, module_file};

/// The loaded user modules: their names, and the names of their files as shown in errors.
#[derive(Default)]
struct Loaded(Vec<(String, String)>);

/// `require` finds `tiny.x` in `lua/tiny/x.lua` on the search path or in the binary. Lua's own
/// searchers (the working directory, C libraries) are removed.
pub fn install(lua: &Lua, search: SearchPath) -> mlua::Result<()> {
    let package: Table = lua.globals().raw_get("package")?;
    let searcher = lua.create_function(move |lua, name: String| match search.module(&name) {
        Ok(Some(source)) => {
            code_frame::remember(lua, &source);
            let function = source.chunk(lua).into_function()?;
            if let Some(path) = source.name.strip_prefix('@') {
                note(lua, &name, path);
            }
            Ok(Value::Function(function))
        }
        Ok(None) => Ok(Value::String(lua.create_string(format!("no module {name:?} on the search path"))?)),
        Err(refused) => Err(mlua::Error::runtime(refused)),
    })?;
    let searchers: Table = package.raw_get("searchers")?;
    let preload: Value = searchers.raw_get(1)?;
    package.raw_set("searchers", lua.create_sequence_from([preload, Value::Function(searcher)])?)?;
    let loaded: Table = package.raw_get("loaded")?;
    loaded.raw_set("tiny", lua.globals().raw_get::<Table>("tiny")?)
}

/// A user's version of a shipped module is part of the program, not of a recipe.
fn note(lua: &Lua, name: &str, path: &str) {
    if embedded("lua", &module_file(name)).is_some() {
        return;
    }
    let mut loaded = lua.remove_app_data::<Loaded>().unwrap_or_default();
    loaded.0.retain(|(known, _)| known != name);
    loaded.0.push((name.to_owned(), path.to_owned()));
    lua.set_app_data(loaded);
}

/// Unloads the user modules: the next `require` loads them again.
pub fn forget(lua: &Lua) -> mlua::Result<()> {
    let Some(gone) = lua.remove_app_data::<Loaded>() else { return Ok(()) };
    let loaded: Table = lua.globals().raw_get::<Table>("package")?.raw_get("loaded")?;
    gone.0.into_iter().try_for_each(|(name, _)| loaded.raw_set(name, Value::Nil))
}

/// The loaded user modules in load order: name, path and text.
pub fn loaded(lua: &Lua) -> mlua::Result<Vec<Table>> {
    let Some(loaded) = lua.app_data_ref::<Loaded>() else { return Ok(Vec::new()) };
    let entry = |(name, path): &(String, String)| -> Option<mlua::Result<Table>> {
        let text = code_frame::text(lua, path)?;
        Some((|| {
            let entry = lua.create_table()?;
            entry.raw_set("name", name.as_str())?;
            entry.raw_set("path", path.as_str())?;
            entry.raw_set("text", lua.create_string(&text)?)?;
            Ok(entry)
        })())
    };
    loaded.0.iter().filter_map(entry).collect()
}
