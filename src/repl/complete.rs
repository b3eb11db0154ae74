//! Completion from what is there: globals, fields and methods, the options of a primitive, modules.

use std::collections::BTreeSet;

use mlua::{Lua, Table, Value};
use rustyline::completion::Pair;

use super::spot::{Spot, just_opened, spot};
use crate::vm::files::SearchPath;
use crate::vm::registry::{self, Primitive};

const KEYWORDS: [&str; 22] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// Where the completed word begins, and what it could be.
pub fn candidates(lua: &Lua, before: &str) -> (usize, Vec<Pair>) {
    match spot(before) {
        Spot::Name(path) => {
            let word = path.rsplit(['.', ':']).next().unwrap_or_default();
            (before.len() - word.len(), pairs(names(lua, path), word, ""))
        }
        Spot::Key { callee, prefix } => {
            let options = called(lua, callee).map(|p| p.options.iter().map(|o| o.name.to_owned()).collect());
            (before.len() - prefix.len(), pairs(options.unwrap_or_else(|| names(lua, prefix)), prefix, " = "))
        }
        Spot::Module(prefix) => (before.len() - prefix.len(), pairs(modules(lua), prefix, "")),
        Spot::Nothing => (before.len(), Vec::new()),
    }
}

/// What the call that was just opened takes: "options, body)".
pub fn signature(lua: &Lua, before: &str) -> Option<String> {
    let (callee, bracket) = just_opened(before)?;
    let primitive = called(lua, callee)?;
    if bracket == b'{' {
        let keys: Vec<&str> = primitive.options.iter().map(|o| o.name).collect();
        return (!keys.is_empty()).then(|| format!(" {} }}", keys.join(", ")));
    }
    let signature = primitive.signature();
    let words = signature.split_once('(').map(|(_, words)| words)?;
    match callee.contains(':') {
        true => Some(words.split_once(", ").map_or(")", |(_, rest)| rest).to_owned()),
        false => Some(words.to_owned()),
    }
}

fn pairs(names: BTreeSet<String>, word: &str, after: &str) -> Vec<Pair> {
    let fitting = names.into_iter().filter(|name| name.starts_with(word));
    fitting.map(|name| Pair { replacement: format!("{name}{after}"), display: name }).collect()
}

/// The names that could stand at the end of `path`.
fn names(lua: &Lua, path: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    match path.rfind(['.', ':']) {
        None => {
            fields(&lua.globals(), false, &mut names);
            names.extend(KEYWORDS.map(str::to_owned));
        }
        Some(i) => {
            if let Some(Value::Table(table)) = value(lua, &path[..i]) {
                fields(&table, path[i..].starts_with(':'), &mut names);
            }
        }
    }
    names
}

/// How far inheritance is followed; it could be a circle.
const GENERATIONS: usize = 8;

/// The fields of a table and of what it inherits from; no metamethod is called.
fn fields(table: &Table, functions: bool, names: &mut BTreeSet<String>) {
    let mut next = Some(table.clone());
    for _ in 0..GENERATIONS {
        let Some(table) = next else { return };
        for (key, item) in table.pairs::<Value, Value>().flatten() {
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

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn parent(table: &Table) -> Option<Table> {
    table.metatable()?.raw_get("__index").ok()
}

/// The value that a path of names leads to.
fn value(lua: &Lua, path: &str) -> Option<Value> {
    let mut value = Value::Table(lua.globals());
    for name in path.split(['.', ':']) {
        let Value::Table(table) = &value else { return None };
        value = match table.raw_get(name).ok()? {
            Value::Nil => parent(table)?.raw_get(name).ok()?,
            found => found,
        };
    }
    Some(value)
}

/// The primitive that a path names, as a function of `tiny`, a method or under a name of the user's.
fn called(lua: &Lua, path: &str) -> Option<&'static Primitive> {
    let function = value(lua, path).filter(Value::is_function)?;
    let tiny: Table = lua.globals().raw_get("tiny").ok()?;
    registry::all().find(|p| tiny.raw_get::<Value>(p.name).is_ok_and(|own| own == function))
}

fn modules(lua: &Lua) -> BTreeSet<String> {
    let path = lua.app_data_ref::<SearchPath>().map(|path| path.clone()).unwrap_or_default();
    path.names("lua/tiny").into_iter().map(|name| format!("tiny.{name}")).collect()
}
