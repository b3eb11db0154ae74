//! One event as a line. JSON has `time`, `level`, `msg`, `pid`, its origin in Rust (`from`), and the event's
//! fields; text has the same in readable form. An event is always one line, without control characters for a terminal.

use std::fmt::{Debug, Write};

use serde_json::Value;
use tracing::Event;
use tracing::field::{Field, Visit};

use super::Format;
use crate::sys::visible;

/// The target of events from Lua.
pub const LUA: &str = "lua";

/// The names of a line's own values, which no field may have.
pub const OWN: [&str; 5] = ["time", "level", "msg", "pid", "from"];

/// The event's line, with its newline.
pub fn of(event: &Event<'_>, format: Format, time: &str) -> String {
    let mut parts = Parts::default();
    event.record(&mut parts);
    let (level, target) = (event.metadata().level(), event.metadata().target());
    let from = Some(target).filter(|from| *from != LUA);
    match format {
        Format::Json => json(&parts, time, &level.as_str().to_ascii_lowercase(), from),
        Format::Text => text(&parts, time, level.as_str(), from),
    }
}

/// The content of an event.
#[derive(Default)]
struct Parts {
    message: String,
    fields: Vec<(String, Value)>,
}

impl Parts {
    fn put(&mut self, field: &Field, value: Value) {
        self.fields.push((field.name().to_owned(), value));
    }
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        match (field.name(), serde_json::from_str(value)) {
            ("message", _) => self.message = value.to_owned(),
            // The names of Lua's fields are not known at compile time, so they come as one object.
            ("fields", Ok(Value::Object(object))) => self.fields.extend(object),
            _ => self.put(field, value.into()),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let value = format!("{value:?}");
        if field.name() == "message" { self.message = value } else { self.put(field, value.into()) }
    }
}

fn json(parts: &Parts, time: &str, level: &str, from: Option<&str>) -> String {
    let message = Value::from(&*parts.message);
    let mut line = format!(r#"{{"time":"{time}","level":"{level}","msg":{message},"pid":{}"#, std::process::id());
    if let Some(from) = from {
        let _ = write!(line, r#","from":{}"#, Value::from(from));
    }
    for (name, value) in &parts.fields {
        let _ = write!(line, ",{}:{value}", Value::from(&**name));
    }
    line + "}\n"
}

fn text(parts: &Parts, time: &str, level: &str, from: Option<&str>) -> String {
    let mut line = format!("{time} {level:<5} ");
    if let Some(from) = from {
        let _ = write!(line, "{from}: ");
    }
    line.push_str(&parts.message.replace('\n', "\\n"));
    for (name, value) in &parts.fields {
        let plain = value.as_str().filter(|v| !v.is_empty() && !v.contains(|c: char| c.is_whitespace() || c == '"'));
        let _ = match plain {
            Some(word) => write!(line, " {name}={word}"),
            None => write!(line, " {name}={value}"),
        };
    }
    visible(&line).replace('\n', "\\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Parts {
        let fields = [("n", 2.into()), ("word", "plain".into()), ("words", "a b".into()), ("quoted", "a\"b".into())];
        let fields = fields.map(|(name, value): (&str, Value)| (name.to_owned(), value)).to_vec();
        Parts { message: "one\nline \u{1b}[31m\u{202e}".into(), fields }
    }

    #[test]
    fn text_is_one_line_that_steers_nothing() {
        let line = text(&parts(), "T", "WARN", Some("netlink"));
        let fields = r#" n=2 word=plain words="a b" quoted="a\"b""#;
        assert_eq!(line, format!("T WARN  netlink: one\\nline \\u{{1b}}[31m\\u{{202e}}{fields}\n"));
    }

    #[test]
    fn json_is_one_object() {
        let line = json(&parts(), "T", "warn", Some("netlink"));
        assert_eq!(line.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["msg"], parts().message);
        assert_eq!((&value["time"], &value["level"], &value["from"]), (&"T".into(), &"warn".into(), &"netlink".into()));
        assert_eq!((&value["n"], &value["words"]), (&2.into(), &"a b".into()));
        assert_eq!(value["pid"], std::process::id());
    }
}
