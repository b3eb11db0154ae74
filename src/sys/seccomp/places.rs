//! JSON values with their position, so that an error in a long profile can be located.

use serde_json::{Map, Value};

/// A value, or an error message that begins with the position.
pub type Result<T> = std::result::Result<T, String>;

/// An object, and its position in the document.
pub struct Reader<'a> {
    /// Its position: "profile.syscalls[3]".
    pub place: String,
    fields: &'a Map<String, Value>,
}

/// The error for a position.
pub fn refuse<T>(place: &str, why: &str) -> Result<T> {
    Err(format!("{place}: {why}"))
}

/// "there is no system call "opne"; did you mean "open"?"
pub fn unknown<'a>(what: &str, word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = crate::sys::suggest::did_you_mean(word, known).map(|near| format!("; did you mean {near:?}?"));
    format!("there is no {what} {word:?}{}", near.unwrap_or_default())
}

/// Reads an object.
pub fn object<'a>(value: &'a Value, place: &str) -> Result<Reader<'a>> {
    match value {
        Value::Object(fields) => Ok(Reader { place: place.to_owned(), fields }),
        _ => refuse(place, "it is not an object"),
    }
}

/// The items of a list with their positions, counted from 1; empty for null and an empty object.
fn list<'a>(value: &'a Value, place: &str) -> Result<impl Iterator<Item = (String, &'a Value)> + use<'a>> {
    let items: &[Value] = match value {
        Value::Null => &[],
        Value::Array(items) => items,
        Value::Object(fields) if fields.is_empty() => &[],
        _ => return refuse(place, "it is not a list"),
    };
    let place = place.to_owned();
    Ok(items.iter().enumerate().map(move |(i, item)| (format!("{place}[{}]", i + 1), item)))
}

impl<'a> Reader<'a> {
    /// The position of a field.
    pub fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.place)
    }

    /// A field; null if it is missing.
    pub fn get(&self, key: &str) -> &'a Value {
        self.fields.get(key).unwrap_or(&Value::Null)
    }

    /// Refuses fields other than these.
    pub fn known(&self, keys: &[&str]) -> Result<()> {
        match self.fields.keys().find(|key| !keys.contains(&key.as_str())) {
            Some(key) => refuse(&self.place, &unknown("key", key, keys.iter().copied())),
            None => Ok(()),
        }
    }

    /// The items of a list field with their positions.
    pub fn list(&self, key: &str) -> Result<impl Iterator<Item = (String, &'a Value)> + use<'a>> {
        list(self.get(key), &self.at(key))
    }

    /// A string field; `None` if it is missing or empty.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>> {
        match self.get(key) {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            _ => refuse(&self.at(key), "it is not a string"),
        }
    }

    /// A 64-bit number field; a negative one becomes its two's complement, as in C.
    pub fn number(&self, key: &str) -> Result<Option<u64>> {
        let value = self.get(key);
        let whole = |n: f64| ((0.0..18_446_744_073_709_551_616.0).contains(&n) && n.fract() == 0.0).then_some(n as u64);
        match value {
            Value::Null => Ok(None),
            Value::Number(n) => match n.as_u64().or(n.as_i64().map(|n| n as u64)).or(n.as_f64().and_then(whole)) {
                Some(n) => Ok(Some(n)),
                None => refuse(&self.at(key), &format!("{n} is not a 64-bit integer")),
            },
            _ => refuse(&self.at(key), "it is not a number"),
        }
    }
}
