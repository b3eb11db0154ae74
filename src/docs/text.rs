//! Plain text for a terminal, 80 columns wide at most.

use super::{fallback, families, method, summary, tables, variadic, words};
use crate::vm::registry::{Arg, Opt, Primitive, Registry};

const WIDTH: usize = 80;

/// The entry of a primitive.
pub fn entry(primitive: &Primitive) -> String {
    let mut out = format!("tiny.{}", call(primitive));
    if let Some(method) = method(primitive) {
        out.push_str(&format!("\n{method}"));
    }
    out.push_str("\n\n");
    wrap(&mut out, primitive.doc, 2, 2);
    section(&mut out, "Arguments", primitive.args.iter().map(|a| (a.name, argument(a))));
    let list = primitive.list.iter().map(|(ty, doc)| ("[1], [2], …", format!("{doc} [{}]", ty.describe())));
    section(&mut out, "Options", list.chain(primitive.options.iter().map(|o| (o.name, option(o)))));
    for (names, keys) in tables(primitive) {
        section(&mut out, &format!("Keys of {names}"), keys.iter().map(|o| (o.name, option(o))));
    }
    if !primitive.returns.is_empty() {
        out.push_str("\nReturns\n");
        wrap(&mut out, primitive.returns, 2, 2);
    }
    section(&mut out, "Errors", primitive.errors.iter().map(|(code, hint)| (*code, (*hint).to_owned())));
    if !primitive.example.is_empty() {
        out.push_str("\nExample\n");
        for line in primitive.example.lines() {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out.push_str(&format!("\n{}, since {}\n", capitalised(primitive.family), primitive.since));
    out
}

/// Every primitive with its first clause, by family.
pub fn index(registry: &'static Registry) -> String {
    let mut out = String::new();
    for (family, members) in families(registry) {
        let break_before = if out.is_empty() { "" } else { "\n" };
        out.push_str(&format!("{break_before}{}\n", capitalised(family)));
        let column = 4 + members.iter().map(|p| p.name.len()).max().unwrap_or(0);
        for primitive in members {
            let head = format!("  {:<width$}", primitive.name, width = column - 2);
            out.push_str(&head);
            wrap_after(&mut out, &summary(primitive), column, column);
        }
    }
    out
}

fn call(primitive: &Primitive) -> String {
    let signature = primitive.signature();
    if variadic(primitive) { signature.replace(')', ", …)") } else { signature }
}

fn argument(arg: &Arg) -> String {
    let optional = if arg.required { "" } else { ", optional" };
    format!("{} [{}{optional}]", arg.doc, words(&arg.ty))
}

fn option(option: &Opt) -> String {
    let fallback = match fallback(option).as_str() {
        "" => String::new(),
        text => format!(", {text}"),
    };
    format!("{} [{}{fallback}]", option.doc, words(&option.ty))
}

fn section<'a>(out: &mut String, title: &str, items: impl Iterator<Item = (&'a str, String)>) {
    let items: Vec<_> = items.collect();
    if items.is_empty() {
        return;
    }
    out.push_str(&format!("\n{title}\n"));
    let column = 4 + items.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, text) in items {
        out.push_str(&format!("  {name:<width$}", width = column - 2));
        wrap_after(out, &text, column, column);
    }
}

/// A paragraph whose first line begins at `first` and the others at `rest`.
fn wrap(out: &mut String, text: &str, first: usize, rest: usize) {
    out.push_str(&" ".repeat(first));
    wrap_after(out, text, first, rest);
}

/// The same, after `used` columns of the first line were written.
fn wrap_after(out: &mut String, text: &str, used: usize, rest: usize) {
    let mut column = used;
    let mut fresh = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !fresh && column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(rest));
            column = rest;
            fresh = true;
        }
        if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        fresh = false;
    }
    out.push('\n');
}

/// With a capital at the front.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}
