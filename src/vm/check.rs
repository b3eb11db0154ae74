//! Checks the values of a call against the registry entry: every option, type and list, before any system
//! call. The error is the message for the user.

use mlua::{Table, Value};

use super::call::UNKNOWN;
use super::registry::{Key, Type, did_you_mean};
use super::{format, handle, units};
use crate::sys;

/// The keys of a table, iterated more than once.
pub trait Options: ExactSizeIterator<Item: Key> + Clone {}

impl<T: ExactSizeIterator<Item: Key> + Clone> Options for T {}

/// Checks an options table, absent or not: each key, its array part, and the required keys.
pub(super) fn check_table(
    table: Option<&Table>,
    options: impl Options,
    list: Option<&(Type, &'static str)>,
) -> Result<(), String> {
    if let Some(table) = table {
        let mut found = None;
        let walk = table.for_each(|key: Value, value: Value| {
            if let Err(e) = check_pair(options.clone(), list, &key, &value) {
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
    let mut required = options.filter(|o| o.required());
    match required.find(|o| table.is_none_or(|t| t.raw_get::<Value>(o.name()).is_ok_and(|v| v.is_nil()))) {
        Some(option) => Err(format!("option {:?} is missing: {}", option.name(), option.doc())),
        None => Ok(()),
    }
}

/// A hole would silently end the list: the items after it (`{ "rm", nil, "x" }`) would be lost.
fn check_sequence(table: &Table, counts: impl Fn(&Value) -> bool) -> Result<(), String> {
    let length = table.sequence_values::<Value>().count();
    let mut beyond = None;
    let walk = table.for_each(|key: Value, _: Value| {
        let inside = key.as_integer().is_some_and(|i| i >= 1 && i <= length as i64);
        if counts(&key) && !inside {
            beyond.get_or_insert_with(|| format::value(&key));
        }
        Ok(())
    });
    match beyond {
        Some(key) => Err(format!("a list goes from 1 on without holes; [{}] is nil and [{key}] is not", length + 1)),
        None => walk.map_err(|e| e.to_string()),
    }
}

fn check_pair(
    options: impl Options,
    list: Option<&(Type, &'static str)>,
    key: &Value,
    value: &Value,
) -> Result<(), String> {
    if let (Some((ty, doc)), Value::Integer(i)) = (list, key) {
        return check(ty, value).map_err(|e| format!("[{i}]: {e} ({doc})"));
    }
    let Value::String(key) = key else {
        return Err(format!("unknown option {}", format::value(key)));
    };
    let bytes = key.as_bytes();
    match options.clone().find(|o| o.is(&bytes)) {
        Some(option) => check(&option.ty(), value).map_err(|e| format!("option {:?}: {e}", option.name())),
        None => Err(unknown(&String::from_utf8_lossy(&bytes), options)),
    }
}

/// The message for an unknown option.
pub fn unknown(key: &str, options: impl Options) -> String {
    let names = || options.clone().map(Key::name);
    let known = || names().collect::<Vec<_>>().join(", ");
    match did_you_mean(key, names()) {
        Some(near) => format!("unknown option {key:?}; did you mean {near:?}?"),
        None if options.len() == 0 => format!("unknown option {key:?}; it takes none"),
        None => format!("unknown option {key:?}; known options: {}", known()),
    }
}

/// Bytes of a size value.
pub fn to_size(value: &Value) -> Result<u64, String> {
    match value {
        Value::Integer(n) => u64::try_from(*n).map_err(|_| format!("{n} is not a size: it is negative")),
        Value::Number(n) if *n >= 0.0 && n.fract() == 0.0 && *n < i64::MAX as f64 => Ok(*n as u64), // 64 * 2^20
        Value::String(s) => units::size(&s.to_string_lossy()),
        other => Err(format!("expected {}, got {}", Type::Size.describe(), format::kind(other))),
    }
}

/// Seconds of a duration value.
pub fn to_seconds(value: &Value) -> Result<f64, String> {
    /// A thousand years: more overflows the kernel's nanoseconds.
    const MOST: f64 = 31_556_952_000.0;
    let seconds = match value {
        Value::Integer(n) if *n >= 0 => Ok(*n as f64),
        Value::Number(n) if *n >= 0.0 && n.is_finite() => Ok(*n),
        Value::String(s) => units::duration(&s.to_string_lossy()),
        other => Err(format!("expected {}, got {}", Type::Duration.describe(), format::value(other))),
    }?;
    if seconds > MOST { Err(format!("{} is more than a thousand years", format::value(value))) } else { Ok(seconds) }
}

/// Checks one value.
pub(super) fn check(ty: &Type, value: &Value) -> Result<(), String> {
    check_known(ty, value).or_else(|e| if *value == Value::LightUserData(UNKNOWN) { Ok(()) } else { Err(e) })
}

fn check_known(ty: &Type, value: &Value) -> Result<(), String> {
    let expected = || Err(format!("expected {}, got {}", ty.unbounded(), format::kind(value)));
    let fits = match (ty, value) {
        (Type::Any, _) => true,
        (Type::Bool, v) => v.is_boolean(),
        (Type::Int, v) => return to_integer(v).map_or_else(expected, |_| Ok(())),
        (Type::Range(least, most), v) => {
            return match to_integer(v) {
                Some(n) if (*least..=*most).contains(&n) => Ok(()),
                Some(n) => Err(format!("{n} is not an {}", ty.describe())),
                None => expected(),
            };
        }
        (Type::Number, Value::Number(n)) if !n.is_finite() => return Err(format!("{n} is not a finite number")),
        (Type::Number, v) => v.is_integer() || v.is_number(),
        (Type::Bytes, v) => v.is_string(),
        (Type::Argument, Value::String(s)) => {
            return if s.as_bytes().contains(&0) { Err(has_nul(&s.to_string_lossy())) } else { Ok(()) };
        }
        (Type::Env, Value::Table(t)) => return check_environment(t),
        (Type::Function, v) => v.is_function(),
        (Type::Table, v) => v.is_table(),
        (Type::Size, v) => return to_size(v).map(drop),
        (Type::Duration, v) => return to_seconds(v).map(drop),
        (
            Type::Str | Type::Length(..) | Type::LinkName | Type::Path | Type::Cidr | Type::Signal | Type::Word(_),
            Value::String(s),
        ) => {
            return check_string(ty, &s.as_bytes());
        }
        (Type::Signal, Value::Integer(n)) => (0..=64).contains(n),
        (Type::Options(options), Value::Table(t)) if handle::kind(t).is_none() => {
            return check_table(Some(t), options.iter(), None);
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
            // The last type's message is used if the shape matches (a handle of another kind). The types
            // are described only on an error: that costs more than the rest of a call.
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

/// Whether a value is of a type.
#[cfg(test)]
pub fn fits(ty: &Type, value: &Value) -> bool {
    check(ty, value).is_ok()
}

/// A number without a fraction that fits into 64 bits.
pub fn to_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(n) => Some(*n),
        // The largest double below 2^63 is an integer, and 2^63 itself is not in the range.
        Value::Number(n) if n.fract() == 0.0 && *n >= i64::MIN as f64 && *n < i64::MAX as f64 => Some(*n as i64),
        _ => None,
    }
}

fn has_nul(text: &str) -> String {
    format!("{text:?} has a NUL byte")
}

/// A variable `A=B` with the value C would be A with the value `B=C`.
fn check_environment(table: &Table) -> Result<(), String> {
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair.map_err(|e| e.to_string())?;
        let Value::String(name) = &key else {
            return Err(format!("expected {}, got the key {}", Type::Env.describe(), format::value(&key)));
        };
        check(&Type::Argument, &key).map_err(|e| format!("the name {e}"))?;
        let name = name.to_string_lossy();
        if name.is_empty() || name.contains('=') {
            return Err(format!("{name:?} is not the name of a variable"));
        }
        check(&Type::Argument, &value).map_err(|e| format!("{name:?}: {e}"))?;
    }
    Ok(())
}

fn shape_fits(ty: &Type, value: &Value) -> bool {
    match ty {
        Type::Handle(_) | Type::List(_) | Type::Map(_) => value.is_table(),
        // A list is not a table of options.
        Type::Options(_) => value.as_table().is_some_and(|table| table.raw_len() == 0),
        Type::Str | Type::Path | Type::Cidr | Type::Word(_) | Type::Size | Type::Duration => value.is_string(),
        Type::Length(..) | Type::LinkName => value.is_string(),
        Type::Range(..) => value.is_number() || value.is_integer(),
        _ => false,
    }
}

fn check_string(ty: &Type, bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    // A path is a sequence of bytes.
    let other = std::str::from_utf8(bytes).is_err() && !matches!(ty, Type::Path);
    if other || bytes.contains(&0) {
        return Err(if bytes.contains(&0) { has_nul(&text) } else { format!("{text:?} is not UTF-8") });
    }
    match ty {
        Type::Path if bytes.is_empty() => Err("the path is empty".into()),
        Type::Length(least, most) if !(usize::from(*least)..=usize::from(*most)).contains(&bytes.len()) => {
            Err(format!("it has {} bytes, not {least} to {most}", bytes.len()))
        }
        Type::LinkName => sys::net::link::bad_name(&text).map_or(Ok(()), Err),
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
