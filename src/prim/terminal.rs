//! The person at the terminal.

use mlua::Value;

use crate::repl::{self, Ask, Entered};
use crate::vm::call::Call;
use crate::vm::registry::{Outcome, Primitive, Type, arg, opt};

const BASE: Primitive = Primitive { family: "terminal", ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[Primitive {
    name: "read_line",
    doc: "Asks the person at the terminal for a line, which can be edited (termios(3)). Where standard input is no \
          terminal it reads a line of it, and shows no prompt.",
    args: &[arg("prompt", Type::Str, "what to show before the input")],
    options: &[
        opt("history", Type::Path, "none", "the file that keeps what was entered; the arrow keys recall it"),
        opt(
            "lua",
            Type::Bool,
            "false",
            "the input is Lua: it goes on while the chunk is incomplete, Tab completes names, and Ctrl-C interrupts \
             what is run next",
        ),
    ],
    returns: "the text; nil at the end (Ctrl-D); false when it was given up (Ctrl-C)",
    errors: &[("EIO", "the terminal is gone"), ("EBADF", "standard input is closed")],
    example: "if tiny.read_line(\"Remove web? [y/N] \") ~= \"y\" then return 1 end",
    call: read_line,
    ..BASE
}];

fn read_line(call: &Call<'_>) -> Outcome {
    let ask =
        Ask { prompt: call.str(0)?, history: call.opt::<String>("history")?.map(Into::into), lua: call.flag("lua") };
    match repl::read(call.lua, &ask)? {
        Entered::Text(text) => call.ok(text),
        Entered::Cancelled => call.ok(false),
        Entered::End => call.ok(Value::Nil),
    }
}
