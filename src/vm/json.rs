//! Lua values as JSON (RFC 8259). Values that could not be read back unchanged are refused, with their
//! position: functions, handles, lists with holes, text that is not UTF-8, infinities. JSON is read
//! directly into Lua tables: a listing reads thousands of records.

mod read;

pub use read::{put, to_lua};

use mlua::{Table, Value};
use serde_json::{Map, Value as Json};

use super::{format, handle};

/// The maximum depth of a value, also for `json_decode`.
const DEEPEST: usize = 127;

/// A value as JSON; an empty table is a list with `empty_list`. The error begins with `place`.
pub fn from_lua(value: &Value, empty_list: bool, place: &str) -> Result<Json, String> {
    Writer { empty_list }.value(value, place, 0)
}

struct Writer {
    empty_list: bool,
}

impl Writer {
    fn value(&self, value: &Value, place: &str, depth: usize) -> Result<Json, String> {
        match value {
            Value::Nil => Ok(Json::Null),
            Value::Boolean(b) => Ok((*b).into()),
            Value::Integer(n) => Ok((*n).into()),
            Value::Number(n) => {
                serde_json::Number::from_f64(*n).map(Json::Number).ok_or(format!("{place}: JSON has no {n}"))
            }
            Value::String(s) => text(s, place).map(Json::String),
            Value::Table(t) if handle::kind(t).is_none() => {
                if depth == DEEPEST {
                    return Err(format!(
                        "{}…: deeper than {DEEPEST} tables, or a table that contains itself",
                        short(place)
                    ));
                }
                self.table(t, place, depth + 1)
            }
            other => Err(format!("{place}: {} cannot be written as JSON", format::kind(other))),
        }
    }

    fn table(&self, table: &Table, place: &str, depth: usize) -> Result<Json, String> {
        let length = table.raw_len();
        if length == 0 {
            return self.object(table, place, depth);
        }
        let mut items = Vec::with_capacity(length);
        for i in 1..=length {
            let item: Value = table.raw_get(i).map_err(|e| e.to_string())?;
            let place = format!("{place}[{i}]");
            if item.is_nil() {
                return Err(format!("{place}: a hole in the list"));
            }
            items.push(self.value(&item, &place, depth)?);
        }
        let listed = |key: &Value| key.as_integer().is_some_and(|i| (1..=length as i64).contains(&i));
        match table.pairs::<Value, Value>().flatten().find(|(key, _)| !listed(key)) {
            Some((key, _)) => Err(format!("{place}: a list that also has the key {}", format::value(&key))),
            None => Ok(Json::Array(items)),
        }
    }

    fn object(&self, table: &Table, place: &str, depth: usize) -> Result<Json, String> {
        let mut object = Map::new();
        for pair in table.pairs::<Value, Value>() {
            let (key, item) = pair.map_err(|e| e.to_string())?;
            let Value::String(key) = key else {
                return Err(format!(
                    "{place}: the key {} is not a string, and the table is not a list",
                    format::value(&key)
                ));
            };
            let key = text(&key, place)?;
            let item = self.value(&item, &format!("{place}.{key}"), depth)?;
            object.insert(key, item);
        }
        Ok(if object.is_empty() && self.empty_list { Json::Array(Vec::new()) } else { Json::Object(object) })
    }
}

fn text(string: &mlua::LuaString, place: &str) -> Result<String, String> {
    match string.to_str() {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(format!("{place}: {} is not UTF-8", format::value(&Value::String(string.clone())))),
    }
}

fn short(place: &str) -> String {
    place.chars().take(40).collect()
}
