//! The callbacks of rustyline while a line is edited: whether it is complete, completion, hints and
//! colours.

use std::borrow::Cow;
use std::cell::Cell;

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, Table, WeakLua};
use rustyline::completion::{Completer, Pair};
use rustyline::config::CompletionType;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::complete::{self, GAP, Sources, cut};
use super::{highlight, hint};
use crate::sys::terminal;
use crate::vm::registry::Registry;

/// The Lua state. Weak: the state owns the editor that owns this.
pub struct LuaHelper {
    pub lua: WeakLua,
    pub lua_input: bool,
    /// The names at the prompt, if they are not the globals.
    pub names: Option<Table>,
    /// Returns the candidates for strings.
    pub strings: Option<Function>,
    /// The width of the prompt.
    pub prompt: usize,
    /// Whether the line is drawn for the last time: without a cursor.
    pub last: Cell<bool>,
}

impl LuaHelper {
    fn lua(&self) -> Option<Lua> {
        self.lua.try_upgrade().filter(|_| self.lua_input)
    }

    fn names(&self, lua: &Lua) -> Table {
        self.names.clone().unwrap_or_else(|| lua.globals())
    }
}

/// The width of the screen; 80 if unknown.
fn columns() -> usize {
    terminal::size(terminal::standard(1)).ok().map(|(_, cols)| usize::from(cols)).filter(|cols| *cols > 0).unwrap_or(80)
}

/// Whether `text` is an incomplete chunk or expression, continued in the next line.
pub fn incomplete(lua: &Lua, text: &str) -> bool {
    let misses_more = |chunk: String| match lua.load(chunk).set_mode(ChunkMode::Text).into_function() {
        Ok(_) => Some(false),
        Err(mlua::Error::SyntaxError { incomplete_input, .. }) => incomplete_input.then_some(true),
        Err(_) => Some(false),
    };
    // As an expression first: `tiny.getpid` alone is an expression, but an unfinished statement.
    match (misses_more(format!("return {text}")), misses_more(text.to_owned())) {
        (Some(false), _) | (_, Some(false)) => false,
        (expression, statement) => expression.or(statement).unwrap_or(false),
    }
}

impl Helper for LuaHelper {}

impl Validator for LuaHelper {
    fn validate(&self, ctx: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match self.lua() {
            Some(lua) if incomplete(&lua, ctx.input()) => ValidationResult::Incomplete,
            _ => ValidationResult::Valid(None),
        })
    }
}

impl Completer for LuaHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let Some(lua) = self.lua() else { return Ok((pos, Vec::new())) };
        let globals = self.names(&lua);
        let sources = Sources { lua: &lua, globals: &globals, strings: self.strings.as_ref(), width: columns() };
        Ok(complete::candidates(&sources, line.get(..pos).unwrap_or_default()))
    }
}

/// The dim text after the cursor; it cannot be accepted as input, since it is not Lua.
pub struct Signature(String);

impl Hint for Signature {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for LuaHelper {
    type Hint = Signature;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Signature> {
        let lua = self.lua().filter(|_| pos == line.len())?;
        let text = hint::hint(&lua, &self.names(&lua), line)?;
        // The hint must fit on the current line.
        let last = line.rsplit('\n').next().unwrap_or(line);
        let used = last.chars().count() + if last.len() == line.len() { self.prompt } else { 0 };
        let room = columns().checked_sub(used % columns() + 1).filter(|room| *room > 8)?;
        Some(Signature(cut(&text, room)))
    }
}

impl Highlighter for LuaHelper {
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        if !self.lua_input {
            return Cow::Borrowed(line);
        }
        let cursor = (!self.last.get()).then_some(pos);
        let registry = self.lua().and_then(|lua| Registry::of(&lua));
        let known = |name: &str| registry.is_some_and(|registry| registry.find(name).is_some()) || name == "settings";
        Cow::Owned(highlight::highlight(line, cursor, known))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.last.set(kind == CmdKind::ForcedRefresh);
        self.lua_input
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(format!("\x1b[1m{prompt}\x1b[0m"))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        let [open, close] = hint::MARKS;
        let marked =
            hint.replacen(open, &format!("{open}\x1b[0;4m"), 1).replacen(close, &format!("\x1b[0;2m{close}"), 1);
        Cow::Owned(format!("\x1b[2m{marked}\x1b[0m"))
    }

    fn highlight_candidate<'c>(&self, candidate: &'c str, _: CompletionType) -> Cow<'c, str> {
        match candidate.find(GAP) {
            Some(i) => Cow::Owned(format!("{}\x1b[2m{}\x1b[0m", &candidate[..i], &candidate[i..])),
            None => Cow::Borrowed(candidate),
        }
    }
}
