//! Stubs for editors in the annotations of the Lua language server: the functions of `tiny`, the
//! options as classes, the handles as classes with their methods.

use std::collections::BTreeSet;

use super::text::capitalised;
use super::{fallback, families, tables, variadic};
use crate::vm::registry::{Opt, Primitive, Registry, Type};

const HEAD: &str = "\
---@meta tiny
-- Generated from the registry by `tinylua doc --format lua`; edit the entries in src/prim.
-- For editors only: nothing loads this file when a recipe runs.

---Bytes, or a string such as \"128m\" (binary multiples).
---@alias tiny.size integer|string
---Seconds, or a string such as \"10s\" or \"500ms\".
---@alias tiny.duration number|string
---An address with its prefix length, \"10.10.0.2/24\".
---@alias tiny.cidr string
---A signal: \"SIGTERM\", \"TERM\" or its number.
---@alias tiny.signal string|integer

---What a primitive throws.
---@class tiny.error
---@field message string
---@field op? string the primitive
---@field args? string[]
---@field code? string the name of the errno, \"ENOENT\"
---@field errno? integer
---@field path? string
---@field hint? string
---@field at? string the place, \"web.lua:12\"
---@field usage? boolean whether the arguments were refused before any kernel call
---@field exit? integer the exit status that it asks for
---@field cleanup? string[] what failed while cleaning up after it

---An owned kernel thing: closed by `local x <close> = …`.
---@class tiny.handle
---@field kind string
---@field name? string
---@field path? string
---@field pid? integer
---@field inode? integer
local handle = {}
---Undoes what made the handle, once.
function handle:close() end
---Leaves what the handle owns as it is when the handle goes out of scope.
---@return self
function handle:keep() end

---@class tiny
---@field settings table<string, string> the global flags of the command line
tiny = {}
";

/// The whole file.
pub fn stubs(registry: &'static Registry) -> String {
    let mut out = HEAD.to_owned();
    for kind in kinds(registry) {
        class(&mut out, registry, kind);
    }
    for (family, members) in families(registry) {
        out.push_str(&format!("\n-- {}\n", capitalised(family)));
        for primitive in members {
            out.push('\n');
            function(&mut out, primitive);
        }
    }
    out.push_str("\nreturn tiny\n");
    out
}

/// The kinds of handles: in arguments, with methods, or returned.
fn kinds(registry: &'static Registry) -> BTreeSet<&'static str> {
    let mut kinds = BTreeSet::from(["namespace"]);
    for primitive in registry.all() {
        kinds.extend(primitive.method.map(|(kind, _)| kind));
        kinds.extend(returned_kind(primitive.returns));
        let types = primitive.args.iter().map(|a| &a.ty).chain(primitive.options.iter().map(|o| &o.ty));
        types.chain(primitive.list.iter().map(|(ty, _)| ty)).for_each(|ty| named(ty, &mut kinds));
    }
    kinds
}

fn named(ty: &Type, kinds: &mut BTreeSet<&'static str>) {
    match ty {
        Type::Handle(kind) => {
            kinds.insert(kind);
        }
        Type::List(of) | Type::Map(of) => named(of, kinds),
        Type::Options(keys) => keys.iter().for_each(|o| named(&o.ty, kinds)),
        Type::Either(types) => types.iter().for_each(|ty| named(ty, kinds)),
        _ => {}
    }
}

fn class(out: &mut String, registry: &'static Registry, kind: &str) {
    let parent = if kind.ends_with("ns") { "namespace" } else { "handle" };
    out.push_str(&format!("\n---@class tiny.{kind}: tiny.{parent}\nlocal {kind} = {{}}\n"));
    for primitive in registry.all() {
        let Some((_, method)) = primitive.method.filter(|(of, _)| *of == kind) else { continue };
        out.push('\n');
        annotate(out, primitive, 1);
        out.push_str(&format!("function {kind}:{method}({}) end\n", names(primitive, 1).join(", ")));
        deprecated(out, primitive, &format!("{kind}:"), 1);
    }
}

fn function(out: &mut String, primitive: &Primitive) {
    if primitive.takes_table() {
        options(out, primitive);
    }
    for (names, of) in tables(primitive) {
        keys(out, &table_class(primitive, &names), None, of);
    }
    annotate(out, primitive, 0);
    out.push_str(&format!("function tiny.{}({}) end\n", primitive.name, names(primitive, 0).join(", ")));
    deprecated(out, primitive, "tiny.", 0);
}

/// The old names of a function, or of the method of a handle ("process:").
fn deprecated(out: &mut String, primitive: &Primitive, of: &str, skip: usize) {
    for (old, text) in primitive.renamings().filter(|(old, _)| old.contains(':') == of.ends_with(':')) {
        let old = old.rsplit(':').next().unwrap_or(old);
        out.push('\n');
        annotate(out, primitive, skip);
        out.push_str(&format!(
            "---@deprecated {text}\nfunction {of}{old}({}) end\n",
            names(primitive, skip).join(", ")
        ));
    }
}

fn options(out: &mut String, primitive: &Primitive) {
    let list = primitive.list.as_ref().map(|(ty, doc)| (annotation(ty), *doc));
    keys(out, &format!("tiny.{}.options", primitive.name), list, primitive.options);
}

/// A class for an options table. The table type with exactly these keys lets a checker report a
/// misspelt one; fields alone do not.
fn keys(out: &mut String, name: &str, list: Option<(String, &str)>, options: &[Opt]) {
    let integer = list.iter().map(|_| "integer".to_owned());
    let all: Vec<String> = integer.chain(options.iter().map(|o| format!("{:?}", o.name))).collect();
    out.push_str(&format!("---@class {name}: table<{}, any>\n", all.join("|")));
    if let Some((ty, doc)) = list {
        out.push_str(&format!("---@field [integer] {ty} {doc}\n"));
    }
    for option in options {
        let mark = if option.required { "" } else { "?" };
        let default = match fallback(option).as_str() {
            "" | "required" => String::new(),
            text => format!(" ({text})"),
        };
        out.push_str(&format!("---@field {}{mark} {} {}{default}\n", option.name, annotation(&option.ty), option.doc));
    }
    out.push('\n');
}

/// The comment before a function; a method leaves out the handle, its first argument.
fn annotate(out: &mut String, primitive: &Primitive, skip: usize) {
    out.push_str(&format!("---{}\n", primitive.doc));
    for (code, hint) in primitive.errors {
        out.push_str(&format!("---* {code}: {hint}\n"));
    }
    out.push_str(&format!("---```lua\n---{}\n---```\n", primitive.example.replace('\n', "\n---")));
    for name in names(primitive, skip) {
        if let Some(arg) = primitive.args.iter().find(|a| a.name == name) {
            let mark = if arg.required { "" } else { "?" };
            let ty = within(primitive, name).unwrap_or_else(|| annotation(&arg.ty));
            out.push_str(&format!("---@param {name}{mark} {ty} {}\n", arg.doc));
        } else if name == "options" {
            let needed = primitive.signature().contains("[, options]") || primitive.signature().contains("([options]");
            let mark = if needed { "?" } else { "" };
            out.push_str(&format!("---@param options{mark} tiny.{}.options\n", primitive.name));
        } else {
            out.push_str("---@param ... any\n");
        }
    }
    for (i, ty) in returned(primitive.returns).into_iter().enumerate() {
        let text = if i == 0 { format!(" # {}", primitive.returns) } else { String::new() };
        out.push_str(&format!("---@return {ty}{text}\n"));
    }
}

/// The class shared by the arguments that are options tables with the same keys: "first, second".
fn table_class(primitive: &Primitive, names: &str) -> String {
    format!("tiny.{}.{}", primitive.name, names.split(',').next().unwrap_or(names))
}

/// The type of an argument that is a table of options.
fn within(primitive: &Primitive, name: &str) -> Option<String> {
    let arg = primitive.args.iter().find(|a| a.name == name && matches!(a.ty, Type::Options(_)))?;
    let (names, _) = tables(primitive).into_iter().find(|(names, _)| names.split(", ").any(|n| n == arg.name))?;
    Some(table_class(primitive, &names))
}

/// The names of the parameters in the order of the call.
fn names(primitive: &Primitive, skip: usize) -> Vec<&'static str> {
    let mut names: Vec<&str> = primitive.args.iter().map(|a| a.name).collect();
    if primitive.takes_table() {
        names.insert(primitive.args.iter().filter(|a| a.ty != Type::Function).count(), "options");
    }
    if variadic(primitive) {
        names.push("...");
    }
    names.split_off(skip.min(names.len()))
}

fn annotation(ty: &Type) -> String {
    match ty {
        Type::Bool => "boolean".into(),
        Type::Int => "integer".into(),
        Type::Number => "number".into(),
        Type::Str | Type::Bytes | Type::Path => "string".into(),
        Type::Size => "tiny.size".into(),
        Type::Duration => "tiny.duration".into(),
        Type::Cidr => "tiny.cidr".into(),
        Type::Signal => "tiny.signal".into(),
        Type::Function => "function".into(),
        Type::Table => "table".into(),
        Type::List(of) => match annotation(of) {
            of if of.contains('|') => format!("({of})[]"),
            of => format!("{of}[]"),
        },
        Type::Map(of) => format!("table<string, {}>", annotation(of)),
        Type::Options(keys) => {
            let field = |o: &Opt| format!("{}{}: {}", o.name, if o.required { "" } else { "?" }, annotation(&o.ty));
            format!("{{ {} }}", keys.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Type::Handle(kind) => format!("tiny.{kind}"),
        Type::Namespace => "boolean|tiny.namespace".into(),
        Type::Word(words) => words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join("|"),
        Type::Either(types) => types.iter().map(annotation).collect::<Vec<_>>().join("|"),
        Type::Any => "any".into(),
    }
}

/// "a child handle: …" returns `child`.
pub fn returned_kind(returns: &'static str) -> Option<&'static str> {
    let (article, rest) = returns.split_once(' ')?;
    let (kind, after) = rest.split_once(' ')?;
    (matches!(article, "a" | "an") && after.starts_with("handle")).then_some(kind)
}

/// The return type, from the description in an entry: the manual is written for readers, and its sentences
/// begin in a few ways.
fn returned(returns: &'static str) -> Vec<String> {
    // Of several values.
    const SEVERAL: [(&str, &[&str]); 6] = [
        ("the exit status", &["integer", "string?"]),
        ("a file handle for reading", &["tiny.file", "tiny.file"]),
        ("two file handles", &["tiny.file", "tiny.file"]),
        ("rows and columns", &["integer", "integer"]),
        ("the recipe as a function", &["fun(args?: string[]): any", "string"]),
        ("whether the FIFO", &["boolean", "string?", "integer"]),
    ];
    const BEGINNINGS: [(&str, &str); 14] = [
        ("an integer", "integer"),
        ("a number", "number"),
        ("seconds", "number"),
        ("bytes", "integer"),
        ("a boolean", "boolean"),
        ("true", "boolean"),
        ("a string", "string"),
        ("its bytes", "string"),
        ("the bytes", "string"),
        ("the text", "string"),
        ("a list of names", "string[]"),
        ("a list of tables", "table[]"),
        ("a list", "any[]"),
        ("a table", "table"),
    ];
    if returns.is_empty() {
        return Vec::new();
    }
    if returns.starts_with("never") {
        return vec!["never".into()];
    }
    if let Some((_, types)) = SEVERAL.iter().find(|(words, _)| returns.starts_with(words)) {
        return types.iter().map(|ty| (*ty).to_owned()).collect();
    }
    let ty = match returned_kind(returns) {
        Some(kind) => format!("tiny.{kind}"),
        None => match BEGINNINGS.iter().find(|(words, _)| returns.starts_with(words)) {
            Some((_, ty)) => (*ty).to_owned(),
            None => return vec!["any".into()],
        },
    };
    let absent = ["or nil", "; nil when", "; nil at", "; nil for what"].iter().any(|words| returns.contains(words));
    vec![if absent { format!("{ty}?") } else { ty }]
}
