//! The registry as text: an entry for the terminal, the index by family, the reference manual, a
//! page for man(1), and stubs for editors. It reads only the registry, so all of them agree with
//! the checks of a call.

mod man;
mod markdown;
mod stubs;
mod text;

pub use man::primitives;
pub use markdown::reference;
pub use stubs::{returned_kind, stubs};
pub use text::{entry, index};

use crate::vm::registry::{Opt, Primitive, Registry, Type};

/// The families in the manual's order, each with its primitives.
fn families(registry: &'static Registry) -> Vec<(&'static str, Vec<&'static Primitive>)> {
    let mut families: Vec<(&str, Vec<&Primitive>)> = Vec::new();
    for primitive in registry.all() {
        match families.iter_mut().find(|(name, _)| *name == primitive.family) {
            Some((_, members)) => members.push(primitive),
            None => families.push((primitive.family, vec![primitive])),
        }
    }
    families
}

/// The first clause of an entry, without the man page: "Mounts proc at `target`".
fn summary(primitive: &Primitive) -> String {
    let doc = primitive.doc;
    let ends = |i: usize| {
        let last = doc[i + 1..].chars().next().is_none_or(char::is_whitespace);
        // "In a child: …" continues: the text before an early colon is not a clause.
        last && depth(&doc[..i]) == 0 && (i > 20 || !doc[i..].starts_with(':'))
    };
    let end = doc.match_indices(['.', ';', ':']).map(|(i, _)| i).find(|i| ends(*i));
    let mut clause = doc[..end.unwrap_or(doc.len())].to_owned();
    if let Some(open) = clause.rfind(" (").filter(|_| clause.ends_with(')'))
        && clause[open + 2..].contains('(')
    {
        clause.truncate(open);
    }
    clause
}

/// The number of open parentheses at the end of `text`.
fn depth(text: &str) -> usize {
    text.matches('(').count().saturating_sub(text.matches(')').count())
}

/// What to tell the user of an old name of a primitive.
pub fn renaming(primitive: &Primitive, name: &str) -> Option<String> {
    let name = name.strip_prefix("tiny.").unwrap_or(name).replace('.', ":");
    primitive.renamings().find(|(old, _)| *old == name).map(|(_, text)| text)
}

/// The entry of "clone", "tiny.clone" or, as a method, "child:wait".
pub fn find(registry: &'static Registry, name: &str) -> Option<&'static Primitive> {
    let name = name.strip_prefix("tiny.").unwrap_or(name);
    let method = name.split_once([':', '.']);
    let now = registry.find(name).or_else(|| registry.all().find(|p| p.method.is_some() && p.method == method));
    now.or_else(|| registry.renamed(&name.replace('.', ":")))
}

/// A description of a type; the keys of an options table have their own section.
fn words(ty: &Type) -> String {
    if let Type::Options(_) = ty { "table".into() } else { ty.describe() }
}

/// The options tables among the arguments and options: the parameter's name, and the keys.
fn tables(primitive: &Primitive) -> Vec<(String, &'static [Opt])> {
    let mut found: Vec<(String, &'static [Opt])> = Vec::new();
    let args = primitive.args.iter().map(|a| (a.name, &a.ty));
    for (name, ty) in args.chain(primitive.options.iter().map(|o| (o.name, &o.ty))) {
        let keys = match ty {
            Type::Options(keys) | Type::List(Type::Options(keys)) => *keys,
            _ => continue,
        };
        match found.iter_mut().find(|(_, known)| std::ptr::eq(*known, keys)) {
            Some((names, _)) => names.push_str(&format!(", {name}")),
            None => found.push((name.to_owned(), keys)),
        }
    }
    found
}

/// Whether an option is required, or its default: "required", "default: 0o644", or nothing.
fn fallback(option: &Opt) -> String {
    match (option.required, option.default) {
        (true, _) => "required".into(),
        (false, "") => String::new(),
        (false, default) => format!("default: {default}"),
    }
}

/// The signature of a handle's method: `child:wait([timeout])`.
fn method(primitive: &Primitive) -> Option<String> {
    let (kind, name) = primitive.method?;
    let signature = primitive.signature();
    let words = signature.split_once('(')?.1;
    let rest = words.strip_prefix(primitive.args.first()?.name).unwrap_or(words);
    let rest = rest.trim_start_matches(", ").trim_start();
    // The second argument becomes the first, without the comma before it.
    let rest = rest.strip_prefix("[, ").map_or(rest.to_owned(), |first| format!("[{first}"));
    Some(format!("{kind}:{name}({rest}"))
}

/// Whether the function takes more arguments than the entry names: `try` passes them on.
fn variadic(primitive: &Primitive) -> bool {
    primitive.in_lua && primitive.args.iter().any(|a| matches!(a.ty, Type::Function | Type::Either(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prim::PRIMITIVES;

    #[test]
    fn methods_drop_the_handle() {
        let wait = PRIMITIVES.find("wait").expect("wait is a primitive");
        assert_eq!(method(wait).as_deref(), Some("child:wait([timeout])"));
        let write = PRIMITIVES.find("write").expect("write is a primitive");
        assert_eq!(method(write).as_deref(), Some("file:write(data [, options])"));
    }

    #[test]
    fn summaries_are_one_clause_without_the_man_page() {
        let sum = |doc| summary(&Primitive { doc, ..Primitive::BASE });
        assert_eq!(sum("Forks a child (fork(2)); as `clone` without options."), "Forks a child");
        assert_eq!(sum("Makes a pipe (pipe2(2), O_CLOEXEC)."), "Makes a pipe");
        assert_eq!(
            sum("In a child: tells the parent (that it is ready)."),
            "In a child: tells the parent (that it is ready)"
        );
        assert_eq!(sum("Reads \"1.5g\" and 0.5 (a. b) here."), "Reads \"1.5g\" and 0.5 (a. b) here");
    }
}
