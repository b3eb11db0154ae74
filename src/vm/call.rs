//! One call of a primitive: checks the arguments against the registry entry before any kernel
//! call, then passes them to the binding as Rust types.

mod fd;

pub use fd::FdRef;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use mlua::{FromLua, IntoLuaMulti, LightUserData, Lua, MultiValue, Table, Value};

#[cfg(test)]
pub use super::check::fits;
use super::check::{check, check_table};
pub use super::check::{to_seconds, to_size};
use super::format;
use super::registry::{Entry, Key};
use crate::sys;

/// Why a binding failed.
pub enum Fail {
    /// The kernel returned an error.
    Sys(sys::Error),
    /// The arguments are wrong; no system call was made.
    Usage(String),
    /// A failure with a complete message, such as Lua's syntax errors.
    Plain(String),
    /// The Lua machine failed (out of memory).
    Lua(mlua::Error),
    /// An error value that a child reported: rethrown unchanged.
    Reported(Value),
}

impl From<sys::Error> for Fail {
    fn from(error: sys::Error) -> Fail {
        Fail::Sys(error)
    }
}

impl From<mlua::Error> for Fail {
    fn from(error: mlua::Error) -> Fail {
        Fail::Lua(error)
    }
}

/// A placeholder for an unknown value in a static check of a call (`foresee`): it passes every check.
pub const UNKNOWN: LightUserData = LightUserData(&raw const MARK as *mut _);
static MARK: u8 = 0;

/// A running call.
pub struct Call<'a> {
    /// The machine.
    pub lua: &'a Lua,
    /// The registry entry.
    pub primitive: Entry,
    args: &'a MultiValue,
    table: Option<&'a Table>,
}

impl<'a> Call<'a> {
    /// Checks `args` against the entry. The error is the message for the user.
    pub fn new(lua: &'a Lua, primitive: Entry, args: &'a MultiValue) -> Result<Call<'a>, String> {
        let mut call = Call { lua, primitive, args, table: None };
        let at = primitive.table_index();
        for (i, arg) in primitive.args().enumerate() {
            let here = if primitive.takes_table() && i >= at { i + 1 } else { i };
            match args.get(here).unwrap_or(&Value::Nil) {
                Value::Nil if !arg.required() => {}
                Value::Nil => return Err(format!("{} is missing: {}", arg.name(), primitive.signature())),
                value => check(&arg.ty(), value).map_err(|e| format!("{}: {e}", arg.name()))?,
            }
        }
        let takes = primitive.args().len() + usize::from(primitive.takes_table());
        if args.iter().skip(takes).any(|v| !v.is_nil()) {
            return Err(format!("takes at most {takes} arguments: {}", primitive.signature()));
        }
        if primitive.takes_table() {
            match args.get(at).unwrap_or(&Value::Nil) {
                Value::Table(table) => call.table = Some(table),
                Value::Nil => {}
                value if *value == Value::LightUserData(UNKNOWN) => return Ok(call),
                value => {
                    return Err(format!(
                        "options must be a table, not {}: {}",
                        format::kind(value),
                        primitive.signature()
                    ));
                }
            }
            call.check_options()?;
        }
        Ok(call)
    }

    fn check_options(&self) -> Result<(), String> {
        check_table(self.table, self.primitive.options(), self.primitive.list().as_ref())
    }

    /// The i-th positional argument (without the options table and the arguments after it).
    fn arg(&self, i: usize) -> &Value {
        let shifted = if self.primitive.takes_table() && i >= self.primitive.table_index() { i + 1 } else { i };
        self.args.get(shifted).unwrap_or(&const { Value::Nil })
    }

    fn raw(&self, key: &str) -> Value {
        self.table.and_then(|t| t.raw_get(key).ok()).unwrap_or(Value::Nil)
    }

    /// The options table as it was passed.
    pub fn table(&self) -> Option<&Table> {
        self.table
    }

    /// A positional argument, converted; its type was already checked.
    pub fn get<T: FromLua>(&self, i: usize) -> Result<T, Fail> {
        let value = self.arg(i).clone();
        T::from_lua(value.clone(), self.lua)
            .map_err(|_| out_of_range(self.primitive.args().nth(i).map_or("", Key::name), &value))
    }

    /// An option converted, `None` when absent.
    pub fn opt<T: FromLua>(&self, key: &str) -> Result<Option<T>, Fail> {
        debug_assert!(self.primitive.options().any(|o| o.name() == key), "{key} is not in the registry entry");
        match self.raw(key) {
            Value::Nil => Ok(None),
            value => T::from_lua(value.clone(), self.lua)
                .map(Some)
                .map_err(|_| out_of_range(&format!("option {key:?}"), &value)),
        }
    }

    /// A boolean option; absent is false.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.raw(key), Value::Boolean(true))
    }

    /// A positional string.
    pub fn str(&self, i: usize) -> Result<String, Fail> {
        self.get(i)
    }

    /// A positional path; it may not be UTF-8.
    pub fn path(&self, i: usize) -> Result<PathBuf, Fail> {
        Ok(path_of(&self.get::<mlua::LuaString>(i)?))
    }

    /// A positional argument in bytes ("128m").
    pub fn size(&self, i: usize) -> Result<u64, Fail> {
        to_size(self.arg(i)).map_err(Fail::Usage)
    }

    /// An option in bytes ("128m").
    pub fn opt_size(&self, key: &str) -> Result<Option<u64>, Fail> {
        match self.raw(key) {
            Value::Nil => Ok(None),
            value => to_size(&value).map(Some).map_err(Fail::Usage),
        }
    }

    /// A duration in seconds ("10s").
    pub fn opt_seconds(&self, key: &str) -> Result<Option<f64>, Fail> {
        match self.raw(key) {
            Value::Nil => Ok(None),
            value => to_seconds(&value).map(Some).map_err(Fail::Usage),
        }
    }

    /// A positional duration in seconds ("10s"), `None` when absent.
    pub fn seconds(&self, i: usize) -> Result<Option<f64>, Fail> {
        match self.arg(i) {
            Value::Nil => Ok(None),
            value => to_seconds(value).map(Some).map_err(Fail::Usage),
        }
    }

    /// Whether the positional argument is present.
    pub fn has(&self, i: usize) -> bool {
        !self.arg(i).is_nil()
    }

    /// A positional handle as its table.
    pub fn handle(&self, i: usize) -> Result<Table, Fail> {
        self.get(i)
    }

    /// The descriptor of a positional handle. A closed handle is a usage error.
    pub fn fd(&self, i: usize) -> Result<FdRef, Fail> {
        FdRef::of(&self.handle(i)?)
    }

    /// The descriptor of an option's handle; `None` when the option is absent or not a handle.
    pub fn opt_fd(&self, key: &str) -> Result<Option<FdRef>, Fail> {
        match self.raw(key) {
            Value::Table(table) => FdRef::of(&table).map(Some),
            _ => Ok(None),
        }
    }

    /// The option's value, unconverted.
    pub fn value(&self, key: &str) -> Value {
        self.raw(key)
    }

    /// The positional argument, unconverted.
    pub fn arg_value(&self, i: usize) -> Value {
        self.arg(i).clone()
    }

    /// Results for Lua.
    pub fn ok(&self, values: impl IntoLuaMulti) -> super::registry::Outcome {
        Ok(values.into_lua_multi(self.lua)?)
    }
}

/// A Lua string as a path.
pub fn path_of(text: &mlua::LuaString) -> PathBuf {
    OsString::from_vec(text.as_bytes().to_vec()).into()
}

/// The types were already checked; only a number out of range or a string that is not UTF-8 fails to convert.
fn out_of_range(name: &str, value: &Value) -> Fail {
    let wrong = match value {
        Value::String(_) => "is not UTF-8",
        Value::Table(_) => "has an item that is not UTF-8 or is out of range",
        _ => "is out of range",
    };
    Fail::Usage(format!("{name}: {} {wrong}", format::value(value)))
}
