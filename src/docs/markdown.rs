//! The reference manual as Markdown.

use super::text::capitalised;
use super::{fallback, families, method, summary, tables, variadic, words};
use crate::vm::registry::{Opt, Primitive, Registry};

const HEAD: &str = "\
# Reference

<!-- Generated from the registry by `tinylua doc --format markdown`; edit the entries in src/prim. -->

Every function on the global `tiny`: one kernel operation each. What is composed of them is a Lua module, see
`tinylua doc modules`. The same text is at the terminal (`tinylua doc NAME`), at the prompt (`help(tiny.clone)`) and in
editors (`lua/meta/tiny.lua`).

- At most two positional arguments come first, then one table of options. An unknown option or a wrong type is refused
  before any kernel call, with a suggestion.
- A size is bytes or a string such as `\"128m\"` (binary multiples); a duration is seconds or a string such as `\"10s\"`
  or `\"500ms\"`; an address is in CIDR form.
- A failure is thrown as a table: `op`, `args`, `code` (\"ENOENT\"), `errno`, `path`, `hint`, `at`. `tiny.try(f, …)`
  returns `nil, err` instead.
- A handle is closed by `local x <close> = …` or `:close()`, and left alone by `:keep()`.
";

/// The whole manual.
pub fn reference(registry: &'static Registry) -> String {
    let mut out = HEAD.to_owned();
    for (family, members) in families(registry) {
        out.push_str(&format!("\n## {}\n\n", capitalised(family)));
        out.push_str("| primitive | what it does |\n|---|---|\n");
        for primitive in &members {
            let (name, summary) = (primitive.name, cell(&summary(primitive)));
            out.push_str(&format!("| [`{name}`](#{name}) | {summary} |\n"));
        }
        for primitive in members {
            out.push('\n');
            entry(&mut out, primitive);
        }
    }
    out
}

fn entry(out: &mut String, primitive: &Primitive) {
    let more = if variadic(primitive) { ", …)" } else { ")" };
    let signature = primitive.signature().replace(')', more);
    out.push_str(&format!("### {}\n\n`tiny.{signature}`", primitive.name));
    if let Some(method) = method(primitive) {
        out.push_str(&format!(", as a method `{method}`"));
    }
    out.push_str(&format!("\n\n{}\n", primitive.doc));
    arguments(out, primitive);
    options(out, primitive);
    if !primitive.returns.is_empty() {
        out.push_str(&format!("\nReturns {}.\n", primitive.returns.trim_end_matches('.')));
    }
    if !primitive.errors.is_empty() {
        out.push_str("\n| error | what to do |\n|---|---|\n");
        for (code, hint) in primitive.errors {
            out.push_str(&format!("| {code} | {} |\n", cell(hint)));
        }
    }
    out.push_str(&format!("\n```lua\n{}\n```\n\nSince {}.\n", primitive.example, primitive.since));
}

fn arguments(out: &mut String, primitive: &Primitive) {
    if primitive.args.is_empty() {
        return;
    }
    out.push_str("\n| argument | type | |\n|---|---|---|\n");
    for arg in primitive.args {
        let optional = if arg.required { "" } else { ", optional" };
        out.push_str(&format!("| `{}` | {}{optional} | {} |\n", arg.name, cell(&words(&arg.ty)), cell(arg.doc)));
    }
}

fn options(out: &mut String, primitive: &Primitive) {
    if primitive.takes_table() {
        out.push_str("\n| option | type | | |\n|---|---|---|---|\n");
        if let Some((ty, doc)) = &primitive.list {
            out.push_str(&format!("| `[1]`, `[2]`, … | {} | | {} |\n", cell(&words(ty)), cell(doc)));
        }
        rows(out, primitive.options);
    }
    for (names, keys) in tables(primitive) {
        out.push_str(&format!("\n| key of {names} | type | | |\n|---|---|---|---|\n"));
        rows(out, keys);
    }
}

fn rows(out: &mut String, options: &[Opt]) {
    for option in options {
        let (ty, doc) = (cell(&words(&option.ty)), cell(option.doc));
        out.push_str(&format!("| `{}` | {ty} | {} | {doc} |\n", option.name, cell(&fallback(option))));
    }
}

/// Text inside a table: a bar would end the cell, and `<close>` would be a tag.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
