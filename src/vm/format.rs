//! Lua values as text for errors, traces and the prompt: short, and on one line.

use mlua::{Table, Value};

const WIDEST: usize = 120;

/// Keys whose strings may contain a password: options and header fields of `http`.
const SECRET: [&str; 4] = ["authorization", "proxy-authorization", "proxy", "body"];

/// A value in Lua syntax.
pub fn value(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, 0);
    if text.len() > WIDEST {
        let cut = (0..=WIDEST).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(cut);
        text.push('…');
    }
    text
}

/// The kind of a value: "string", "netns handle".
pub fn kind(value: &Value) -> String {
    match value {
        Value::Table(t) => match super::handle::kind(t) {
            Some(kind) => format!("a {kind} handle"),
            None => "a table".into(),
        },
        Value::Nil => "nil".into(),
        Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => self::value(value),
        Value::String(_) => format!("the string {}", self::value(value)),
        other => format!("a {}", other.type_name()),
    }
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Nil => out.push_str("nil"),
        Value::Boolean(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Integer(n) => out.push_str(&n.to_string()),
        Value::Number(n) => out.push_str(&n.to_string()),
        Value::String(s) if s.as_bytes().len() > WIDEST && s.as_bytes().contains(&0) => {
            out.push_str(&format!("<{} bytes>", s.as_bytes().len()));
        }
        Value::String(s) => quote(out, &s.to_string_lossy()),
        Value::Table(t) => match super::handle::brief(t) {
            Some(brief) => out.push_str(&brief),
            None => table(out, t, depth),
        },
        other => {
            out.push('<');
            out.push_str(other.type_name());
            out.push('>');
        }
    }
}

/// A quoted string with control bytes escaped, so that a container's output never reaches a terminal raw.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A key in Lua syntax: without brackets if it is a name.
fn name(key: &str) -> String {
    if !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return format!("{key} = ");
    }
    let mut quoted = String::from("[");
    quote(&mut quoted, key);
    quoted + "] = "
}

fn table(out: &mut String, t: &Table, depth: usize) {
    if depth > 2 || out.len() > WIDEST {
        out.push_str("{…}");
        return;
    }
    let mut parts = Vec::new();
    let length = t.raw_len();
    for item in t.sequence_values::<Value>().flatten() {
        let mut part = String::new();
        write(&mut part, &item, depth + 1);
        parts.push(part);
    }
    let mut named = Vec::new();
    for (key, item) in t.pairs::<Value, Value>().flatten() {
        match &key {
            Value::Integer(i) if *i >= 1 && *i as usize <= length => {}
            Value::String(k) => {
                let key = k.to_string_lossy();
                let mut part = name(&key);
                if item.is_string() && SECRET.iter().any(|secret| key.eq_ignore_ascii_case(secret)) {
                    part.push('…');
                } else {
                    write(&mut part, &item, depth + 1);
                }
                named.push(part);
            }
            other => named.push(format!("[{}] = …", self::value(other))),
        }
    }
    named.sort();
    parts.extend(named);
    out.push_str(&if parts.is_empty() { "{}".into() } else { format!("{{ {} }}", parts.join(", ")) });
}
