//! One call of a primitive: checks the arguments against the registry entry before any kernel
//! call, then hands them to the binding as Rust types.

mod fd;

pub use fd::FdRef;

use mlua::{FromLua, IntoLuaMulti, LightUserData, Lua, MultiValue, Table, Value};

use super::handle;
use super::registry::{Opt, Primitive, Type, did_you_mean};
use super::{show, units};
use crate::sys;

/// Why a binding did not succeed.
pub enum Fail {
    /// The kernel refused.
    Sys(sys::Error),
    /// The arguments are wrong; nothing was attempted.
    Usage(String),
    /// A failure that is a whole sentence already, such as Lua's syntax errors.
    Plain(String),
    /// The Lua machine failed (out of memory).
    Lua(mlua::Error),
    /// An error value that a child reported: rethrown as it is.
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

/// Stands for a value that is not known, where a call is only looked at (`foresee`): every check lets it pass.
pub const UNKNOWN: LightUserData = LightUserData(&raw const MARK as *mut _);
static MARK: u8 = 0;

/// A call under way.
pub struct Call<'a> {
    /// The machine.
    pub lua: &'a Lua,
    /// The registry entry.
    pub primitive: &'static Primitive,
    args: &'a MultiValue,
    table: Option<&'a Table>,
}

impl<'a> Call<'a> {
    /// Checks `args` against the entry. The error is the sentence for the user.
    pub fn new(lua: &'a Lua, primitive: &'static Primitive, args: &'a MultiValue) -> Result<Call<'a>, String> {
        let mut call = Call { lua, primitive, args, table: None };
        let at = primitive.table_index();
        for (i, arg) in primitive.args.iter().enumerate() {
            let here = if primitive.takes_table() && i >= at { i + 1 } else { i };
            match args.get(here).unwrap_or(&Value::Nil) {
                Value::Nil if !arg.required => {}
                Value::Nil => return Err(format!("{} is missing: {}", arg.name, primitive.signature())),
                value => check(&arg.ty, value).map_err(|e| format!("{}: {e}", arg.name))?,
            }
        }
        let takes = primitive.args.len() + usize::from(primitive.takes_table());
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
                        show::kind(value),
                        primitive.signature()
                    ));
                }
            }
            call.check_options()?;
        }
        Ok(call)
    }

    fn check_options(&self) -> Result<(), String> {
        check_table(self.table, self.primitive.options, self.primitive.list.as_ref())
    }

    /// The i-th positional argument (the options table and what follows it not counted).
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

    /// A positional argument converted; its type was checked already.
    pub fn get<T: FromLua>(&self, i: usize) -> Result<T, Fail> {
        let value = self.arg(i).clone();
        T::from_lua(value.clone(), self.lua)
            .map_err(|_| out_of_range(self.primitive.args.get(i).map_or("", |a| a.name), &value))
    }

    /// An option converted, `None` when absent.
    pub fn opt<T: FromLua>(&self, key: &str) -> Result<Option<T>, Fail> {
        debug_assert!(self.primitive.options.iter().any(|o| o.name == key), "{key} is not in the registry entry");
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

    /// A positional duration in seconds ("10s"), `None` when absent.
    pub fn seconds(&self, i: usize) -> Result<Option<f64>, Fail> {
        match self.arg(i) {
            Value::Nil => Ok(None),
            value => to_seconds(value).map(Some).map_err(Fail::Usage),
        }
    }

    /// Whether the positional argument is there.
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

    /// The descriptor of an option's handle; `None` when the option is absent or is no handle.
    pub fn opt_fd(&self, key: &str) -> Result<Option<FdRef>, Fail> {
        match self.raw(key) {
            Value::Table(table) => FdRef::of(&table).map(Some),
            _ => Ok(None),
        }
    }

    /// The option's value as it is.
    pub fn value(&self, key: &str) -> Value {
        self.raw(key)
    }

    /// The positional argument as it is.
    pub fn arg_value(&self, i: usize) -> Value {
        self.arg(i).clone()
    }

    /// Results for Lua.
    pub fn ok(&self, values: impl IntoLuaMulti) -> super::registry::Outcome {
        Ok(values.into_lua_multi(self.lua)?)
    }
}

fn check_table(table: Option<&Table>, options: &[Opt], list: Option<&(Type, &'static str)>) -> Result<(), String> {
    if let Some(table) = table {
        let mut found = None;
        let walk = table.for_each(|key: Value, value: Value| {
            if let Err(e) = check_pair(options, list, &key, &value) {
                found.get_or_insert(e);
            }
            Ok(())
        });
        if let Some(message) = found.or_else(|| walk.err().map(|e| e.to_string())) {
            return Err(message);
        }
        if list.is_some() {
            check_sequence(table, |key| key.is_integer())?;
        }
    }
    let absent = |o: &&Opt| table.is_none_or(|t| t.raw_get::<Value>(o.name).is_ok_and(|v| v.is_nil()));
    match options.iter().filter(|o| o.required).find(absent) {
        Some(option) => Err(format!("option {:?} is missing: {}", option.name, option.doc)),
        None => Ok(()),
    }
}

/// A hole would silently end the list: whatever follows it (`{ "rm", nil, "x" }`) would be lost.
fn check_sequence(table: &Table, counts: impl Fn(&Value) -> bool) -> Result<(), String> {
    let length = table.sequence_values::<Value>().count();
    let mut beyond = None;
    let walk = table.for_each(|key: Value, _: Value| {
        let inside = key.as_integer().is_some_and(|i| i >= 1 && i <= length as i64);
        if counts(&key) && !inside {
            beyond.get_or_insert_with(|| show::value(&key));
        }
        Ok(())
    });
    match beyond {
        Some(key) => Err(format!("a list goes from 1 on without holes; [{}] is nil and [{key}] is not", length + 1)),
        None => walk.map_err(|e| e.to_string()),
    }
}

/// The types were checked before; what still does not convert is a number that is too large, or text
/// of other bytes.
fn out_of_range(name: &str, value: &Value) -> Fail {
    let wrong = if value.is_string() { "is not UTF-8" } else { "is out of range" };
    Fail::Usage(format!("{name}: {} {wrong}", show::value(value)))
}

fn check_pair(options: &[Opt], list: Option<&(Type, &'static str)>, key: &Value, value: &Value) -> Result<(), String> {
    if let (Some((ty, doc)), Value::Integer(i)) = (list, key) {
        return check(ty, value).map_err(|e| format!("[{i}]: {e} ({doc})"));
    }
    let Value::String(key) = key else {
        return Err(format!("unknown option {}", show::value(key)));
    };
    let bytes = key.as_bytes();
    match options.iter().find(|o| o.name.as_bytes() == &bytes[..]) {
        Some(option) => check(&option.ty, value).map_err(|e| format!("option {:?}: {e}", option.name)),
        None => Err(unknown(&String::from_utf8_lossy(&bytes), options)),
    }
}

/// The sentence for an option that does not exist.
pub fn unknown(key: &str, options: &[Opt]) -> String {
    let names = || options.iter().map(|o| o.name);
    let known = || names().collect::<Vec<_>>().join(", ");
    match did_you_mean(key, names()) {
        Some(near) => format!("unknown option {key:?}; did you mean {near:?}?"),
        None if options.is_empty() => format!("unknown option {key:?}; it takes none"),
        None => format!("unknown option {key:?}; known are {}", known()),
    }
}

/// Bytes of a size value.
pub fn to_size(value: &Value) -> Result<u64, String> {
    match value {
        Value::Integer(n) => u64::try_from(*n).map_err(|_| format!("{n} is not a size: it is negative")),
        Value::Number(n) if *n >= 0.0 && n.fract() == 0.0 && *n < i64::MAX as f64 => Ok(*n as u64), // 64 * 2^20
        Value::String(s) => units::size(&s.to_string_lossy()),
        other => Err(format!("expected {}, got {}", Type::Size.describe(), show::kind(other))),
    }
}

/// Seconds of a duration value.
pub fn to_seconds(value: &Value) -> Result<f64, String> {
    match value {
        Value::Integer(n) if *n >= 0 => Ok(*n as f64),
        Value::Number(n) if *n >= 0.0 && n.is_finite() => Ok(*n),
        Value::String(s) => units::duration(&s.to_string_lossy()),
        other => Err(format!("expected {}, got {}", Type::Duration.describe(), show::value(other))),
    }
}

fn check(ty: &Type, value: &Value) -> Result<(), String> {
    check_known(ty, value).or_else(|e| if *value == Value::LightUserData(UNKNOWN) { Ok(()) } else { Err(e) })
}

fn check_known(ty: &Type, value: &Value) -> Result<(), String> {
    let expected = || Err(format!("expected {}, got {}", ty.describe(), show::kind(value)));
    let fits = match (ty, value) {
        (Type::Any, _) => true,
        (Type::Bool, v) => v.is_boolean(),
        (Type::Int, v) => v.as_integer().is_some() || v.as_number().is_some_and(|n| n.fract() == 0.0),
        (Type::Number, v) => v.is_integer() || v.is_number(),
        (Type::Bytes, v) => v.is_string(),
        (Type::Function, v) => v.is_function(),
        (Type::Table, v) => v.is_table(),
        (Type::Size, v) => return to_size(v).map(drop),
        (Type::Duration, v) => return to_seconds(v).map(drop),
        (Type::Str | Type::Path | Type::Cidr | Type::Signal | Type::Word(_), Value::String(s)) => {
            return check_string(ty, &s.as_bytes());
        }
        (Type::Signal, Value::Integer(n)) => (0..=64).contains(n),
        (Type::Options(options), Value::Table(t)) if handle::kind(t).is_none() => {
            return check_table(Some(t), options, None);
        }
        (Type::Handle(kind), Value::Table(t)) => return handle::check(t, kind),
        (Type::Namespace, Value::Boolean(_)) => true,
        (Type::Namespace, Value::Table(t)) => return handle::check(t, "namespace"),
        (Type::List(of), Value::Table(t)) => {
            check_sequence(t, |_| true)?;
            for (i, item) in t.sequence_values::<Value>().enumerate() {
                let item = item.map_err(|e| e.to_string())?;
                check(of, &item).map_err(|e| format!("[{}]: {e}", i + 1))?;
            }
            true
        }
        (Type::Map(of), Value::Table(t)) => {
            for pair in t.pairs::<Value, Value>() {
                let (key, item) = pair.map_err(|e| e.to_string())?;
                let Value::String(key) = key else { return expected() };
                check(of, &item).map_err(|e| format!("{:?}: {e}", key.to_string_lossy()))?;
            }
            true
        }
        (Type::Either(types), v) => {
            // The last type's message is shown where the shape fits (a handle of another kind). Only
            // a refusal puts the types into words: it costs more than all the rest of a call.
            let mut last = None;
            for ty in *types {
                match check(ty, v) {
                    Ok(()) => return Ok(()),
                    Err(e) if shape_fits(ty, v) => last = Some(e),
                    Err(_) => {}
                }
            }
            return last.map_or_else(expected, Err);
        }
        _ => false,
    };
    if fits { Ok(()) } else { expected() }
}

fn shape_fits(ty: &Type, value: &Value) -> bool {
    match ty {
        Type::Handle(_) | Type::Options(_) | Type::List(_) | Type::Map(_) => value.is_table(),
        Type::Str | Type::Path | Type::Cidr | Type::Word(_) | Type::Size | Type::Duration => value.is_string(),
        _ => false,
    }
}

fn check_string(ty: &Type, bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    if std::str::from_utf8(bytes).is_err() || bytes.contains(&0) {
        return Err(format!("{text:?} {}", if bytes.contains(&0) { "has a NUL byte" } else { "is not UTF-8" }));
    }
    match ty {
        Type::Path if bytes.is_empty() => Err("the path is empty".into()),
        Type::Cidr => units::cidr(&text).map(drop),
        Type::Signal => sys::signal::parse(&text).map(drop).ok_or_else(|| {
            let near = did_you_mean(&text.to_ascii_uppercase(), sys::signal::names())
                .map(|n| format!("; did you mean {n:?}?"));
            format!("{text:?} is not a signal{}", near.unwrap_or_default())
        }),
        Type::Word(words) if !words.iter().any(|w| w.as_bytes() == bytes) => {
            Err(match did_you_mean(&text, words.iter().copied()) {
                Some(near) => format!("{text:?} is not one of {}; did you mean {near:?}?", ty.describe()),
                None => format!("{text:?} is not one of {}", ty.describe()),
            })
        }
        _ => Ok(()),
    }
}
