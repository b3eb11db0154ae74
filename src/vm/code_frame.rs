//! The code frame of an error: the lines of the user's file around its position, with the position marked. The
//! compiled text is kept here: by the time of an error the file may have changed, or the root directory may be
//! a container's.

use std::borrow::Cow;

use mlua::{Lua, Table};

use super::files::Source;

/// The compiled user files by the names shown in errors.
#[derive(Default)]
struct Texts(Vec<(String, Cow<'static, [u8]>)>);

/// Keeps a file's text.
pub fn remember(lua: &Lua, source: &Source) {
    let Some(name) = source.name.strip_prefix('@').filter(|_| !source.bytecode) else { return };
    let mut texts = lua.remove_app_data::<Texts>().unwrap_or_default();
    texts.0.retain(|(known, _)| known != name);
    texts.0.push((name.to_owned(), source.text.clone()));
    lua.set_app_data(texts);
}

/// The text of the user file last compiled under this name.
pub fn text(lua: &Lua, name: &str) -> Option<Cow<'static, [u8]>> {
    let texts = lua.app_data_ref::<Texts>()?;
    texts.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.clone())
}

/// Lines of a file around the position of an error.
pub struct Frame {
    /// The number of the first line, and the lines in printable form.
    first: usize,
    lines: Vec<String>,
    /// The line of the error.
    at: usize,
    /// The marked part of it: its first column and its width.
    mark: (usize, usize),
}

/// The number of lines shown before and after.
const AROUND: usize = 2;

/// The frame of an error value with a position in a user file, or with a key set in exactly one of its lines.
pub fn of(lua: &Lua, err: &Table) -> Option<Frame> {
    let field = |key: &str| err.raw_get::<Option<String>>(key).ok().flatten();
    let message = field("message").unwrap_or_default();
    let place = field("at").map_or(message.clone(), |at| format!("{at}: {message}"));
    at(lua, &place, field("op").as_deref()).or_else(|| of_key(lua, &place))
}

/// The frame of a position where `op` is called: "web.lua:12" followed by any text.
pub fn at(lua: &Lua, place: &str, op: Option<&str>) -> Option<Frame> {
    let texts = lua.app_data_ref::<Texts>()?;
    let (text, line) = texts.0.iter().find_map(|(name, text)| {
        let rest = place.strip_prefix(&name[..])?.strip_prefix(':')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((text, rest[..digits].parse::<usize>().ok()?))
    })?;
    around(&String::from_utf8_lossy(text), line, op)
}

/// The frame of "web.lua: container.new: memory: …": the only line that sets this key.
fn of_key(lua: &Lua, message: &str) -> Option<Frame> {
    let texts = lua.app_data_ref::<Texts>()?;
    let (text, rest) =
        texts.0.iter().find_map(|(name, text)| Some((text, message.strip_prefix(&name[..])?.strip_prefix(": ")?)))?;
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let key = rest.split(": ").take_while(|part| !part.is_empty() && part.chars().all(name)).last()?;
    let key = key.rsplit('.').next()?;
    let text = String::from_utf8_lossy(text);
    let gives = |line: &str| {
        let code = line.split("--").next().unwrap_or_default();
        code.match_indices(key).any(|(i, _)| {
            let after = code[i + key.len()..].trim_start();
            !code[..i].ends_with(name) && after.starts_with('=') && !after.starts_with("==")
        })
    };
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| gives(line));
    match (lines.next(), lines.next()) {
        (Some((line, _)), None) => around(&text, line, Some(key)),
        _ => None,
    }
}

fn around(text: &str, line: usize, op: Option<&str>) -> Option<Frame> {
    let first = line.saturating_sub(AROUND).max(1);
    let lines: Vec<String> = text.lines().skip(first - 1).take(line + AROUND + 1 - first).map(shown).collect();
    let marked = lines.get(line.checked_sub(first)?)?;
    Some(Frame { mark: mark(marked, op), first, lines, at: line })
}

/// A line in printable form: a tab becomes four spaces, and control characters are escaped.
fn shown(line: &str) -> String {
    let shown = line.trim_end().replace('\t', "    ");
    shown.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

/// The call of `op`, or else the whole line without indentation.
fn mark(line: &str, op: Option<&str>) -> (usize, usize) {
    let columns = |text: &str| text.chars().count();
    if let Some(op) = op {
        let ends = |i: usize| !line[i + op.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let begins = |i: usize| !line[..i].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if let Some((i, _)) = line.match_indices(op).find(|(i, _)| begins(*i) && ends(*i)) {
            let before = line[..i].strip_suffix("tiny.").unwrap_or(&line[..i]);
            return (columns(before), columns(&line[before.len()..i + op.len()]));
        }
    }
    let indent = columns(line) - columns(line.trim_start());
    (indent, columns(line.trim_start()).max(1))
}

impl Frame {
    /// The frame as text, at most `width` columns wide, each line with a newline.
    pub fn text(&self, colours: bool, width: usize) -> String {
        let digits = (self.first + self.lines.len()).to_string().len();
        let room = width.saturating_sub(digits + 6).max(20);
        let paint = |code: &str, text: String| if colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text };
        let mut out = String::new();
        for (number, line) in (self.first..).zip(&self.lines) {
            let line = cut(line, room);
            if number != self.at {
                let line = format!("   {number:>digits$} | {line}");
                out.push_str(&paint("2", line.trim_end().to_owned()));
                out.push('\n');
                continue;
            }
            out.push_str(&paint("1;31", format!(" > {number:>digits$}")));
            out.push_str(&format!(" | {line}\n"));
            let (column, length) = self.mark;
            if column < room {
                let marks = paint("1;31", "^".repeat(length.min(room - column)));
                out.push_str(&format!("   {:digits$} | {}{marks}\n", "", " ".repeat(column)));
            }
        }
        out
    }

    /// An error's text with the frame between the message and the hint.
    pub fn within(&self, text: &str, colours: bool, width: usize) -> String {
        let ends = ["\n  hint: ", "\n  while cleaning up: "];
        let end = ends.iter().filter_map(|word| text.find(word)).min().unwrap_or(text.len());
        let frame = self.text(colours, width);
        format!("{}\n{}{}", &text[..end], frame.trim_end_matches('\n'), &text[end..])
    }
}

fn cut(line: &str, room: usize) -> String {
    match line.char_indices().nth(room) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str, place: &str, op: Option<&str>) -> Option<String> {
        let lua = Lua::new();
        remember(&lua, &Source { text: Cow::Borrowed(text.as_bytes()), bytecode: false, name: "@web.lua".into() });
        Some(at(&lua, place, op)?.text(false, 40))
    }

    #[test]
    fn the_line_with_its_neighbours() {
        let text = "one\ntwo\n\ttiny.wait(x)\n\nfive\nsix\n";
        let want = "   1 | one\n   2 | two\n > 3 |     tiny.wait(x)\n     |     ^^^^^^^^^\n   4 |\n   5 | five\n";
        assert_eq!(frame(text, "web.lua:3", Some("wait")).as_deref(), Some(want));
        let want = " > 1 | one\n     | ^^^\n   2 | two\n   3 |     tiny.wait(x)\n";
        assert_eq!(frame(text, "web.lua:1: no such thing", Some("wait")).as_deref(), Some(want));
    }

    #[test]
    fn what_cannot_be_shown() {
        assert_eq!(frame("x", "other.lua:1", None), None);
        assert_eq!(frame("x", "web.lua:7", None), None);
        assert_eq!(frame("x", "web.lua", None), None);
        let steered = frame("a\x1b[2J\u{9b}b", "web.lua:1", None).expect("a frame");
        assert!(!steered.contains(['\x1b', '\u{9b}']), "{steered:?}");
    }

    #[test]
    fn a_key_that_one_line_has() {
        let of = |text: &'static str| {
            let lua = Lua::new();
            remember(&lua, &Source { text: Cow::Borrowed(text.as_bytes()), bytecode: false, name: "@web.lua".into() });
            Some(of_key(&lua, "web.lua: container.new: memory: expected a size: \"12q\"")?.text(false, 60))
        };
        let want = " > 1 | c.new { memory = '12q' } -- memory = 1\n     |         ^^^^^^\n";
        assert_eq!(of("c.new { memory = '12q' } -- memory = 1").as_deref(), Some(want));
        assert_eq!(of("c.new { memory = '1' }\nc.new { memory = '12q' }"), None);
        assert_eq!(of("x.memory == 1, my_memory = 2"), None);
    }

    #[test]
    fn it_stands_before_the_hint() {
        let lua = Lua::new();
        remember(&lua, &Source { text: Cow::Borrowed(b"x"), bytecode: false, name: "@a".into() });
        let frame = at(&lua, "a:1", None).expect("a frame");
        assert_eq!(frame.within("a:1: no\n  hint: b", false, 80), "a:1: no\n > 1 | x\n     | ^\n  hint: b");
        assert_eq!(frame.within("a:1: no", false, 80), "a:1: no\n > 1 | x\n     | ^");
    }
}
