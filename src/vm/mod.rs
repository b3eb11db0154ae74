//! The Lua machine: the global `tiny`, `require`, and how errors leave it.

pub mod call;
mod check;
pub mod child;
pub mod code_frame;
pub mod dispatch;
pub mod error;
mod error_hints;
#[cfg(debug_assertions)]
mod fault;
pub mod files;
mod folder;
pub mod format;
pub mod handle;
mod install;
pub mod interrupt;
pub mod json;
pub mod recipe;
pub mod registry;
pub mod renamed;
pub mod require;
pub mod trace;
pub mod units;

use mlua::{Function, Lua, LuaOptions, MultiValue, StdLib, Table, Value};

use files::{SearchPath, Source};
use registry::Registry;

/// The options of a new machine.
#[derive(Default, Clone)]
pub struct Options {
    /// Directories that override the shipped Lua.
    pub search: SearchPath,
    /// The global flags as Lua sees them in `tiny.settings`.
    pub settings: Vec<(&'static str, String)>,
}

/// A Lua machine with the primitives.
pub struct Vm {
    lua: Lua,
    search: SearchPath,
    xpcall: Function,
    catch: Function,
}

/// A failure that reached the top.
pub struct Failure {
    /// The message and the hint.
    pub text: String,
    /// The Lua traceback.
    pub traceback: Option<String>,
    /// The lines of the user file around the position, for a terminal.
    pub frame: Option<Box<code_frame::Frame>>,
    /// The exit status for this failure.
    pub exit: u8,
    /// The Lua error value.
    pub value: Option<Table>,
}

impl Vm {
    /// A machine with `tiny` in its globals, whose functions are these primitives.
    pub fn new(options: Options, primitives: &'static Registry) -> mlua::Result<Vm> {
        let lua = Lua::new_with(StdLib::ALL_SAFE, LuaOptions::new().catch_rust_panics(true))?;
        let tiny = install::tiny(&lua, primitives)?;
        lua.globals().raw_set("tiny", tiny)?;
        require::install(&lua, options.search.clone())?;
        lua.set_app_data(primitives);
        // The primitives that read shipped and overriding sources use the same search path.
        lua.set_app_data(options.search.clone());
        let catch = lua.create_function(|lua, thrown: Value| error::catch(lua, thrown))?;
        let vm = Vm { xpcall: lua.globals().raw_get("xpcall")?, catch, search: options.search, lua };
        vm.set_settings(&options.settings)?;
        Ok(vm)
    }

    /// Sets `tiny.settings`, the global flags as Lua sees them.
    pub fn set_settings(&self, settings: &[(&'static str, String)]) -> mlua::Result<()> {
        let table = self.lua.create_table_from(settings.iter().map(|(k, v)| (*k, v.as_str())))?;
        self.lua.globals().raw_get::<Table>("tiny")?.raw_set("settings", table)
    }

    /// The machine itself.
    pub fn lua(&self) -> &Lua {
        &self.lua
    }

    /// The search path of its Lua files.
    pub fn search(&self) -> &SearchPath {
        &self.search
    }

    /// Calls `function`; an error becomes a `Failure`.
    pub fn call(&self, function: Function, args: MultiValue) -> Result<MultiValue, Failure> {
        let mut all = MultiValue::with_capacity(args.len() + 2);
        all.push_back(Value::Function(function));
        all.push_back(Value::Function(self.catch.clone()));
        all.extend(args);
        let mut results = self.xpcall.call::<MultiValue>(all).map_err(|e| Failure::plain(e.to_string()))?;
        match results.pop_front() {
            Some(Value::Boolean(true)) => Ok(results),
            _ => Err(Failure::of(&self.lua, &results.pop_front().unwrap_or(Value::Nil))),
        }
    }

    /// Compiles a source.
    pub fn compile(&self, source: &Source) -> Result<Function, Failure> {
        source.chunk(&self.lua).into_function().map_err(syntax)
    }

    /// The table that the command `name` returns; `None` when there is no such command.
    pub fn command(&self, name: &str) -> Result<Option<Table>, Failure> {
        let Some(source) = self.search.read("scripts", &format!("{name}.lua")).map_err(Failure::plain)? else {
            return Ok(None);
        };
        let chunk = self.compile(&source)?;
        let results = self.call(chunk, MultiValue::new())?;
        match results.into_iter().next() {
            Some(Value::Table(table)) => Ok(Some(table)),
            _ => Err(Failure::plain(format!("{}: a command must return a table", &source.name[1..]))),
        }
    }
}

impl Failure {
    /// A failure with only a message.
    pub fn plain(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), traceback: None, frame: None, exit: 125, value: None }
    }

    fn of(lua: &Lua, value: &Value) -> Failure {
        let Value::Table(err) = value else { return Failure::plain(format::value(value)) };
        let asked = err.raw_get::<Option<u8>>("exit").ok().flatten();
        let exit = asked.unwrap_or_else(|| child::exit_status(err));
        let traceback = err.raw_get("traceback").ok().flatten();
        Failure {
            text: error::display(err),
            traceback,
            frame: code_frame::of(lua, err).map(Box::new),
            exit,
            value: Some(err.clone()),
        }
    }
}

fn syntax(error: mlua::Error) -> Failure {
    match error {
        mlua::Error::SyntaxError { message, .. } => Failure::plain(message),
        other => Failure::plain(other.to_string()),
    }
}
