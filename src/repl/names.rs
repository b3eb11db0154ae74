//! Resolves names in a piece of Lua at the prompt: globals, fields, inherited fields, and which
//! function is which primitive. No metamethod is called.

use std::collections::BTreeSet;

use mlua::{Function, Lua, Table, Value};

use super::lex::{KEYWORDS, word};
use crate::vm::files;
use crate::vm::registry::{Arg, Opt, Primitive, Registry, Type};

/// The names that could follow `path`.
pub fn following(globals: &Table, path: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    match path.rfind(['.', ':']) {
        None => {
            fields(globals, false, &mut names);
            names.extend(KEYWORDS.map(str::to_owned));
        }
        Some(i) => {
            if let Some(Value::Table(table)) = value(globals, &path[..i]) {
                fields(&table, path[i..].starts_with(':'), &mut names);
            }
        }
    }
    names
}

/// The maximum depth of inheritance, which could be circular.
const GENERATIONS: usize = 8;
/// The maximum number of fields offered.
const MOST: usize = 2000;

/// The fields of a table, including inherited ones.
fn fields(table: &Table, functions: bool, names: &mut BTreeSet<String>) {
    let mut next = Some(table.clone());
    for _ in 0..GENERATIONS {
        let Some(table) = next else { return };
        for (key, item) in table.pairs::<Value, Value>().flatten().take(MOST) {
            let Value::String(key) = key else { continue };
            let key = key.to_string_lossy();
            let identifier = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(word);
            if identifier && (!functions || item.is_function()) {
                names.insert(key);
            }
        }
        next = parent(&table);
    }
}

fn parent(table: &Table) -> Option<Table> {
    table.metatable()?.raw_get("__index").ok()
}

/// The value at a path of names; `None` for nil.
pub fn value(globals: &Table, path: &str) -> Option<Value> {
    let mut value = Value::Table(globals.clone());
    for name in path.split(['.', ':']) {
        let Value::Table(table) = &value else { return None };
        value = field(table, name)?;
    }
    Some(value)
}

fn field(table: &Table, name: &str) -> Option<Value> {
    let mut next = Some(table.clone());
    for _ in 0..GENERATIONS {
        let table = next?;
        match table.raw_get(name).ok()? {
            Value::Nil => next = parent(&table),
            found => return Some(found),
        }
    }
    None
}

/// The primitive at a path: a function of `tiny`, a method, or a variable of the user.
pub fn primitive(lua: &Lua, globals: &Table, path: &str) -> Option<&'static Primitive> {
    let function = value(globals, path).filter(Value::is_function)?;
    let tiny: Table = lua.globals().raw_get("tiny").ok()?;
    Registry::of(lua)?.all().find(|p| tiny.raw_get::<Value>(p.name).is_ok_and(|own| own == function))
}

/// The function of a shipped module at a path, with its signature from the source,
/// "state.find(ref)".
pub fn shipped_head(globals: &Table, path: &str) -> Option<String> {
    let Value::Function(function) = value(globals, path)? else { return None };
    head(&function)
}

fn head(function: &Function) -> Option<String> {
    let info = function.info();
    let (folder, relative) = info.source.as_deref()?.strip_prefix('=')?.split_once('/')?;
    let source = String::from_utf8_lossy(files::embedded(folder, relative)?.source());
    let line = source.lines().nth(info.line_defined?.checked_sub(1)?)?;
    let start = line.find("function ")? + "function ".len();
    let end = start + line[start..].find(')')? + 1;
    Some(line[start..end].to_owned())
}

/// The keys of the table that is argument `index` of a call.
pub fn keys(primitive: &'static Primitive, index: usize) -> &'static [Opt] {
    match argument(primitive, index).map(|arg| &arg.ty) {
        Some(Type::Options(keys)) => keys,
        Some(Type::Either(types)) => {
            let tables = types.iter().find_map(|ty| if let Type::Options(keys) = ty { Some(*keys) } else { None });
            tables.unwrap_or(primitive.options)
        }
        _ => primitive.options,
    }
}

/// The argument at an index of a call; `None` for the options table.
pub fn argument(primitive: &'static Primitive, index: usize) -> Option<&'static Arg> {
    let (name, _) = *primitive.parameters().get(index)?;
    primitive.args.iter().find(|arg| arg.name == name)
}

/// The possible words for a value of this type.
pub fn choices(ty: &Type) -> Vec<&'static str> {
    match ty {
        Type::Word(words) => words.to_vec(),
        Type::Either(types) => types.iter().flat_map(choices).collect(),
        Type::List(of) => choices(of),
        _ => Vec::new(),
    }
}
