//! Completion of globals, fields and methods, the options of a primitive, the possible values of an
//! argument, modules and files; and of strings for which the prompt's Lua offers candidates.

use std::collections::BTreeSet;
use std::path::Path;

use mlua::{Function, Lua, Table};
use rustyline::completion::Pair;

use super::cursor_context::{Call, CursorContext, cursor_context};
use super::names;
use crate::vm::files::SearchPath;
use crate::vm::registry::Type;

/// The separator between a candidate and its description.
pub const GAP: &str = "  ";

/// The sources of candidates.
pub struct Sources<'a> {
    pub lua: &'a Lua,
    /// The names at the prompt.
    pub globals: &'a Table,
    /// The possible strings in a call, or with "callee {" the keys with their descriptions, "key: text":
    /// `f(callee, prefix)` returns a list, or nil for an unknown callee.
    pub strings: Option<&'a Function>,
    /// The width of the screen.
    pub width: usize,
}

/// The start of the word to complete, and the candidates.
pub fn candidates(sources: &Sources<'_>, before: &str) -> (usize, Vec<Pair>) {
    // `:in web` is a command of the prompt, not Lua.
    if let Some(name) = before.strip_prefix(":in ") {
        return (4, pairs(known(sources, ":in", name).unwrap_or_default(), name));
    }
    match cursor_context(before) {
        CursorContext::Name(path) => {
            let word = path.rsplit(['.', ':']).next().unwrap_or_default();
            (before.len() - word.len(), pairs(names::following(sources.globals, path), word))
        }
        CursorContext::Key { call, prefix } => (before.len() - prefix.len(), keys(sources, &call, prefix)),
        CursorContext::Text { call, prefix } => {
            let (from, found) = strings(sources, call.as_ref(), prefix);
            let quote = before[..before.len() - prefix.len()].chars().next_back();
            (before.len() - prefix.len() + from, closed(found, quote))
        }
        CursorContext::Nothing => (before.len(), Vec::new()),
    }
}

fn pairs(names: impl IntoIterator<Item = String>, word: &str) -> Vec<Pair> {
    let fitting = names.into_iter().filter(|name| name.starts_with(word));
    fitting.map(|name| Pair { replacement: name.clone(), display: name }).collect()
}

/// The keys of the table with their descriptions: from a primitive, or from the prompt's Lua for a
/// shipped function, such as "container.new {".
fn keys(sources: &Sources<'_>, call: &Call<'_>, prefix: &str) -> Vec<Pair> {
    if let Some(primitive) = names::primitive(sources.lua, sources.globals, call.callee) {
        let options = names::keys(primitive, call.index + usize::from(call.callee.contains(':')));
        let fitting = options.iter().filter(|o| o.name.starts_with(prefix));
        return described(sources, fitting.map(|o| (o.name, o.doc)));
    }
    let head = names::shipped_head(sources.globals, call.callee).unwrap_or_default();
    let name = head.split('(').next().unwrap_or_default();
    match known(sources, &format!("{name} {{"), prefix) {
        Some(keys) => described(sources, keys.iter().filter_map(|key| key.split_once(": "))),
        None => pairs(names::following(sources.globals, prefix), prefix),
    }
}

/// Keys in a column, with their descriptions next to it.
fn described<'a>(sources: &Sources<'_>, keys: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Pair> {
    let keys: Vec<_> = keys.collect();
    let widest = keys.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let pair = |(name, doc): &(&str, &str)| Pair {
        replacement: format!("{name} = "),
        display: cut(&format!("{name:widest$}{GAP}{doc}"), sources.width.saturating_sub(2)),
    };
    keys.iter().map(pair).collect()
}

/// At most `width` characters.
pub fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width.saturating_sub(1)) {
        Some((at, _)) if text[at..].chars().nth(1).is_some() => format!("{}…", &text[..at]),
        _ => text.to_owned(),
    }
}

/// The candidates for a string, and the offset from which they replace it.
fn strings(sources: &Sources<'_>, call: Option<&Call<'_>>, prefix: &str) -> (usize, Vec<Pair>) {
    if let Some(call) = call {
        if call.callee == "require" {
            return (0, pairs(modules(sources.lua), prefix));
        }
        let words = words(sources, call);
        if !words.is_empty() {
            return (0, pairs(words, prefix));
        }
        if let Some(known) = known(sources, call.callee, prefix) {
            return (0, pairs(known, prefix));
        }
    }
    let from = prefix.rfind('/').map_or(0, |slash| slash + 1);
    (from, pairs(files(&prefix[..from], prefix[from..].starts_with('.')), &prefix[from..]))
}

/// If there is only one candidate, the string is closed.
fn closed(mut found: Vec<Pair>, quote: Option<char>) -> Vec<Pair> {
    if let ([only], Some(quote @ ('"' | '\''))) = (&mut found[..], quote)
        && !only.replacement.ends_with('/')
    {
        only.replacement.push(quote);
    }
    found
}

/// The possible values of this argument or option.
fn words(sources: &Sources<'_>, call: &Call<'_>) -> Vec<String> {
    let Some(primitive) = names::primitive(sources.lua, sources.globals, call.callee) else { return Vec::new() };
    let index = call.index + usize::from(call.callee.contains(':'));
    let ty: Option<&Type> = match (call.table, call.key) {
        (false, _) => names::argument(primitive, index).map(|arg| &arg.ty),
        (true, Some(key)) => names::keys(primitive, index).iter().find(|o| o.name == key).map(|o| &o.ty),
        (true, None) => primitive.list.as_ref().map(|(ty, _)| ty),
    };
    ty.map(names::choices).unwrap_or_default().into_iter().map(str::to_owned).collect()
}

/// The candidates from the prompt's Lua. Its errors are ignored.
fn known(sources: &Sources<'_>, callee: &str, prefix: &str) -> Option<Vec<String>> {
    let list = sources.strings?.call::<Option<Vec<String>>>((callee, prefix)).ok()??;
    Some(list.into_iter().filter(|text| plain(text)).collect())
}

/// Whether the text needs no escapes in quotes or on a screen.
fn plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || matches!(c, '"' | '\'' | '\\'))
}

/// The maximum number of names offered from a directory.
const MOST: usize = 2000;

/// The files in a directory, subdirectories with a slash; hidden files only if the prefix begins with a dot.
fn files(folder: &str, hidden: bool) -> Vec<String> {
    let folder = if folder.is_empty() { "." } else { folder };
    let entries = std::fs::read_dir(Path::new(folder)).into_iter().flatten().flatten().take(MOST);
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let slash = if entry.path().is_dir() { "/" } else { "" };
            (plain(&name) && (hidden || !name.starts_with('.'))).then(|| name + slash)
        })
        .collect();
    names.sort();
    names
}

/// The modules on the search path and in the binary, including subdirectories.
fn modules(lua: &Lua) -> BTreeSet<String> {
    let path = lua.app_data_ref::<SearchPath>().map(|path| path.clone()).unwrap_or_default();
    path.names_below("lua/tiny").iter().map(|name| format!("tiny.{}", name.replace('/', "."))).collect()
}
