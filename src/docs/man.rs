//! The primitives as a page for man(1), in the macros of man(7).

use super::{fallback, families, method, tables, variadic, words};
use crate::docs::text::capitalised;
use crate::vm::registry::{Opt, Primitive, Registry};

/// The page tinylua-primitives(7).
pub fn primitives(registry: &'static Registry) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut out = format!(".TH TINYLUA\\-PRIMITIVES 7 \"\" \"tinylua {version}\" \"tinylua manual\"\n");
    out.push_str(".SH NAME\ntinylua\\-primitives \\- every function on the global tiny, one kernel operation each\n");
    out.push_str(".SH DESCRIPTION\n");
    let introduction: Vec<String> = INTRODUCTION.iter().map(|line| escape(line)).collect();
    out.push_str(&format!("{}\n", introduction.join("\n.PP\n")));
    for (family, members) in families(registry) {
        out.push_str(&format!(".SH {}\n", escape(&family.to_uppercase())));
        members.into_iter().for_each(|primitive| entry(&mut out, primitive));
    }
    out.push_str(".SH SEE ALSO\n.BR tinylua (1),\n.BR tinylua\\-recipes (7),\n.BR tinylua\\-doc (1)\n");
    out
}

const INTRODUCTION: [&str; 3] = [
    "At most two positional arguments come first, then one table of options. An unknown option or a wrong type is \
     refused before any kernel call.",
    "A size is bytes or a string such as \"128m\" (binary multiples), a duration seconds or a string such as \"10s\", \
     an address is in CIDR form.",
    "A failure is thrown as a table: op, args, code (\"ENOENT\"), errno, path, hint, at. A handle is closed by \
     `local x <close> = …` or `:close()`, and left alone by `:keep()`.",
];

fn entry(out: &mut String, primitive: &Primitive) {
    let more = if variadic(primitive) { ", …)" } else { ")" };
    out.push_str(&format!(".SS tiny.{}\n", escape(&primitive.signature().replace(')', more))));
    if let Some(method) = method(primitive) {
        out.push_str(&format!("As a method: {}\n.PP\n", escape(&method)));
    }
    out.push_str(&format!("{}\n", escape(primitive.doc)));
    for arg in primitive.args {
        let optional = if arg.required { "" } else { ", optional" };
        item(out, arg.name, &format!("{} ({}{optional})", arg.doc, words(&arg.ty)));
    }
    if let Some((ty, doc)) = &primitive.list {
        item(out, "[1], [2], …", &format!("{doc} ({})", ty.describe()));
    }
    options(out, primitive.options);
    for (names, keys) in tables(primitive) {
        out.push_str(&format!(".PP\nKeys of {}:\n", escape(&names)));
        options(out, keys);
    }
    if !primitive.returns.is_empty() {
        out.push_str(&format!(".PP\nReturns {}.\n", escape(primitive.returns.trim_end_matches('.'))));
    }
    for (code, hint) in primitive.errors {
        item(out, code, &capitalised(hint));
    }
    out.push_str(".PP\n.EX\n");
    primitive.example.lines().for_each(|line| out.push_str(&format!("{}\n", escape(line))));
    out.push_str(".EE\n");
}

fn options(out: &mut String, options: &[Opt]) {
    for option in options {
        let fallback = match fallback(option).as_str() {
            "" => String::new(),
            text => format!(", {text}"),
        };
        item(out, option.name, &format!("{} ({}{fallback})", option.doc, words(&option.ty)));
    }
}

fn item(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!(".TP\n.B {}\n{}\n", escape(name), escape(text)));
}

/// Escapes text so that it contains no requests or escapes, and dashes can be copied as ASCII.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_is_a_request() {
        assert_eq!(escape(".SH x\\y --z"), "\\&.SH x\\ey \\-\\-z");
        assert_eq!(escape("plain"), "plain");
    }
}
