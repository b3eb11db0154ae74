//! The dim hint after the cursor: the signature of the enclosing call, with the current argument between
//! ‹ and ›, or the description of the option being typed.

use mlua::{Lua, Table};

use super::cursor_context::{Call, CursorContext, call, cursor_context};
use super::names;
use crate::vm::registry::{Opt, Primitive};

/// The marks around the current argument.
pub const MARKS: [char; 2] = ['‹', '›'];

/// The hint after `before`, the text up to the cursor.
pub fn hint(lua: &Lua, globals: &Table, before: &str) -> Option<String> {
    let around = call(before)?;
    // A method is called without the handle before the colon.
    let skipped = usize::from(around.callee.contains(':'));
    let Some(primitive) = names::primitive(lua, globals, around.callee) else {
        return shipped(&names::shipped_head(globals, around.callee)?, around.index);
    };
    if around.table {
        return option(primitive, &around, skipped, before);
    }
    let words: Vec<_> = primitive.parameters().into_iter().skip(skipped).collect();
    let about = match names::argument(primitive, around.index + skipped) {
        Some(arg) => arg.doc.to_owned(),
        None if words.get(around.index).is_some() => list(primitive.options.iter().map(|o| o.name)),
        None => String::new(),
    };
    let words = words.iter().map(|(word, required)| (*word, *required));
    Some(line(last(around.callee), words, around.index, &about))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn last(path: &str) -> &str {
    path.rsplit(['.', ':']).next().unwrap_or(path)
}

/// "clone(options, ‹body›)  runs in the child".
fn line<'a>(name: &str, words: impl Iterator<Item = (&'a str, bool)>, index: usize, about: &str) -> String {
    let shown: Vec<String> = words
        .enumerate()
        .map(|(i, (word, required))| {
            let word = if required { word.to_owned() } else { format!("[{word}]") };
            if i == index { format!("{}{word}{}", MARKS[0], MARKS[1]) } else { word }
        })
        .collect();
    let gap = if about.is_empty() { "" } else { "  " };
    format!("  {name}({}){gap}{about}", shown.join(", "))
}

fn shipped(head: &str, index: usize) -> Option<String> {
    let (name, words) = head.strip_suffix(')')?.split_once('(')?;
    let words = words.split(", ").filter(|word| !word.is_empty()).map(|word| (word, true));
    Some(line(name, words, index, ""))
}

/// For a table: the description of the key being typed or of its value, or the available keys.
fn option(primitive: &'static Primitive, around: &Call<'_>, skipped: usize, before: &str) -> Option<String> {
    let keys = names::keys(primitive, around.index + skipped);
    if let Some(key) = around.key {
        return keys.iter().find(|o| o.name == key).map(about);
    }
    let prefix = match cursor_context(before) {
        CursorContext::Key { prefix, .. } => prefix,
        _ => return None,
    };
    let fitting: Vec<&Opt> = keys.iter().filter(|o| o.name.starts_with(prefix)).collect();
    match fitting[..] {
        [] => None,
        [only] if !prefix.is_empty() => Some(about(only)),
        _ if prefix.is_empty() || fitting.len() > 1 => Some(format!("  {}", list(fitting.iter().map(|o| o.name)))),
        _ => None,
    }
}

/// "uts: hostname and domain name [true (new) or a handle (join)]".
fn about(option: &Opt) -> String {
    let needed = if option.required { ", required" } else { "" };
    format!("  {}: {} [{}{needed}]", option.name, option.doc, option.ty.describe())
}
