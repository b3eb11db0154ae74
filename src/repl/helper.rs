//! What rustyline asks while a line is edited: is it complete, what could follow, what to hint.

use std::borrow::Cow;

use mlua::{Lua, WeakLua};
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::complete;

/// The answers, from the Lua state. Weak: the state owns the editor that owns this.
pub struct LuaHelper {
    pub lua: WeakLua,
    pub lua_input: bool,
}

impl LuaHelper {
    fn lua(&self) -> Option<Lua> {
        self.lua.try_upgrade().filter(|_| self.lua_input)
    }
}

/// Whether `text` is the beginning of a chunk or expression that goes on in the next line.
pub fn incomplete(lua: &Lua, text: &str) -> bool {
    let misses_more = |chunk: String| match lua.load(chunk).into_function() {
        Ok(_) => Some(false),
        Err(mlua::Error::SyntaxError { incomplete_input, .. }) => incomplete_input.then_some(true),
        Err(_) => Some(false),
    };
    // As an expression first: `tiny.getpid` alone is one, and would be an unfinished statement.
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
        Ok(match self.lua() {
            Some(lua) => complete::candidates(&lua, line.get(..pos).unwrap_or_default()),
            None => (pos, Vec::new()),
        })
    }
}

/// What is shown dim after the cursor; it cannot be taken over, since it is no Lua.
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
        complete::signature(&lua, line).map(Signature)
    }
}

impl Highlighter for LuaHelper {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
    }
}
