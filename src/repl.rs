//! The line editor behind `tiny.read_line`: history, completion, input over several lines, and the
//! plain reading of standard input if it is not a terminal. The processing of a line is in Lua
//! (`lua/tiny/prompt/prompt.lua`). It starts no thread, so that the prompt may fork.

mod complete;
mod cursor_context;
mod helper;
mod highlight;
mod hint;
mod lex;
mod names;

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::PathBuf;

use mlua::{Function, Lua, Table};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, CompletionType, Config, Editor};

use crate::sys::{self, interrupt, job_control, terminal};
use helper::LuaHelper;

/// The options of `read_line`.
pub struct Ask {
    /// Shown before the input, on a terminal.
    pub prompt: String,
    /// The history file.
    pub history: Option<PathBuf>,
    /// Whether the input is Lua: it goes on while the chunk is incomplete, and names are completed.
    pub lua: bool,
    /// For Lua input: the table whose names are completed; `None` for the globals.
    pub names: Option<Table>,
    /// For Lua input: given a function and the start of a string in its call, returns possible strings.
    pub strings: Option<Function>,
}

/// The input.
pub enum Entered {
    /// The text, without its last newline.
    Text(String),
    /// Ctrl-C: the input was discarded.
    Cancelled,
    /// Ctrl-D, or the end of the file.
    End,
}

/// Reads one input. Errors come from the terminal or standard input.
pub fn read(lua: &Lua, ask: &Ask) -> sys::Result<Entered> {
    if std::io::stdin().is_terminal() { edit(lua, ask) } else { plain(lua, ask) }
}

/// The editor, kept between inputs for its history.
struct Kept {
    editor: Editor<LuaHelper, FileHistory>,
    history: Option<PathBuf>,
}

fn edit(lua: &Lua, ask: &Ask) -> sys::Result<Entered> {
    let fits = lua.app_data_ref::<Kept>().is_some_and(|kept| kept.history == ask.history);
    if !fits {
        job_control::remember_mode();
        lua.set_app_data(Kept { editor: editor(lua, ask)?, history: ask.history.clone() });
    }
    let Some(mut kept) = lua.app_data_mut::<Kept>() else { return Ok(Entered::End) };
    if let Some(helper) = kept.editor.helper_mut() {
        helper.lua_input = ask.lua;
        helper.prompt = ask.prompt.chars().count();
        (helper.names, helper.strings) = (ask.names.clone(), ask.strings.clone());
    }
    // A program that ran meanwhile may have exited without restoring the terminal.
    job_control::take_back();
    if ask.lua {
        // While the line is edited Ctrl-C is a key; immediately afterwards it is a signal.
        interrupt::arm()?;
        job_control::stand_apart(true);
    }
    let restored = job_control::restore_on_signals();
    interrupt::check_end()?;
    let line = kept.editor.readline(&ask.prompt);
    interrupt::check_end()?;
    let entered = match line {
        Ok(text) => Entered::Text(text),
        Err(ReadlineError::Interrupted) => Entered::Cancelled,
        Err(ReadlineError::Eof) => Entered::End,
        Err(error) => return Err(broken(error)),
    };
    drop(restored);
    if let (Entered::Text(text), Some(path)) = (&entered, &ask.history)
        && kept.editor.add_history_entry(text.as_str()).unwrap_or(false)
    {
        // If the history cannot be written (a full disk, another user's file), only the history is lost.
        let _ = kept.editor.append_history(path);
    }
    Ok(entered)
}

fn editor(lua: &Lua, ask: &Ask) -> sys::Result<Editor<LuaHelper, FileHistory>> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .completion_prompt_limit(400)
        .color_mode(if terminal::colours() { ColorMode::Enabled } else { ColorMode::Disabled })
        .history_ignore_space(true)
        .build();
    let mut editor = Editor::with_config(config).map_err(broken)?;
    let last = std::cell::Cell::new(false);
    editor.set_helper(Some(LuaHelper {
        lua: lua.weak(),
        lua_input: ask.lua,
        names: None,
        strings: None,
        prompt: 0,
        last,
    }));
    if let Some(path) = &ask.history {
        let _ = editor.load_history(path); // it does not exist before the first input
    }
    if ask.lua {
        crate::vm::interrupt::watch(lua)?;
    }
    Ok(editor)
}

fn broken(error: ReadlineError) -> sys::Error {
    match error {
        ReadlineError::Io(error) => error.into(),
        ReadlineError::Errno(errno) => errno.into(),
        other => sys::Error::new(nix::errno::Errno::EIO).with_detail(other.to_string()),
    }
}

/// Reads byte by byte, like a shell: the following input belongs to the programs that this input starts.
fn plain(lua: &Lua, ask: &Ask) -> sys::Result<Entered> {
    let stdin = std::io::stdin();
    let mut text = Vec::new();
    let mut byte = [0u8];
    loop {
        match rustix::io::read(stdin.as_fd(), &mut byte) {
            Ok(0) if text.is_empty() => return Ok(Entered::End),
            Ok(0) => break,
            Ok(_) if byte[0] != b'\n' => text.push(byte[0]),
            Ok(_) if ask.lua && helper::incomplete(lua, &String::from_utf8_lossy(&text)) => text.push(b'\n'),
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => interrupt::check_end()?,
            Err(e) => return Err(e.into()),
        }
    }
    Ok(Entered::Text(String::from_utf8_lossy(&text).into_owned()))
}
