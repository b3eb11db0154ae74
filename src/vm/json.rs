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

#[cfg(test)]
mod tests {
    use super::*;
    use mlua::Lua;

    /// The JSON of a Lua expression, or the reason.
    fn json(lua: &Lua, expression: &str, empty_list: bool) -> Result<String, String> {
        let value: Value = lua.load(expression).eval().expect("Lua");
        from_lua(&value, empty_list, "value").map(|json| json.to_string())
    }

    #[test]
    fn values_and_what_json_does_not_have() {
        let lua = Lua::new();
        for (expression, want) in [
            ("nil", "null"),
            ("true", "true"),
            ("-7", "-7"),
            ("1.5", "1.5"),
            ("'a\\n\"'", r#""a\n\"""#),
            ("{}", "{}"),
            ("{ 1, 'two', { false } }", r#"[1,"two",[false]]"#),
            ("{ b = 1, a = { c = {} } }", r#"{"a":{"c":{}},"b":1}"#),
        ] {
            assert_eq!(json(&lua, expression, false).as_deref(), Ok(want), "{expression}");
        }
        assert_eq!(json(&lua, "{ a = {}, b = { 1 } }", true).as_deref(), Ok(r#"{"a":[],"b":[1]}"#));
        for (expression, want) in [
            ("1 / 0", "value: JSON has no inf"),
            ("{ x = { '\\xff' } }", "value.x[1]: \"\u{fffd}\" is not UTF-8"),
            ("{ 1, nil, 3 }", "value[2]: a hole in the list"),
            ("{ 1, x = 2 }", "value: a list that also has the key \"x\""),
            ("{ 1, [3] = 2 }", "value: a list that also has the key 3"),
            ("{ [true] = 1 }", "value: the key true is not a string, and the table is not a list"),
            ("{ f = print }", "value.f: a function cannot be written as JSON"),
        ] {
            assert_eq!(json(&lua, expression, false).expect_err(expression), want, "{expression}");
        }
    }

    #[test]
    fn the_greatest_depth_is_the_one_that_can_be_read() {
        let lua = Lua::new();
        let nested = |depth: usize| format!("{}1{}", "{ a = ".repeat(depth), " }".repeat(depth));
        assert!(json(&lua, &nested(DEEPEST), false).is_ok());
        let error = json(&lua, &nested(DEEPEST + 1), false).expect_err("too deep");
        let place: String = format!("value{}", ".a".repeat(40)).chars().take(40).collect();
        assert_eq!(error, format!("{place}…: deeper than {DEEPEST} tables, or a table that contains itself"));
        let itself = json(&lua, "(function() local t = {} t.t = t return t end)()", false);
        assert!(itself.expect_err("endless").contains("a table that contains itself"));
    }
}
