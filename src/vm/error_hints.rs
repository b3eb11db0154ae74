//! Clearer messages and hints for two of Lua's own errors: a missing module, and a call of an undefined function whose
//! name is close to a primitive's. Hints of primitives, without what the call already has.

use super::files;
use super::registry::did_you_mean;

/// The message, and a hint if there is one; `names` are the names of the primitives.
pub fn with_hint(message: &str, names: impl Iterator<Item = &'static str>) -> (String, Option<String>) {
    if let Some((before, rest)) = message.split_once("module '")
        && let Some((module, _)) = rest.split_once("' not found:")
    {
        return (format!("{before}no such module: {module}"), Some(module_hint(module)));
    }
    if let Some((_, rest)) = message.split_once("attempt to call a nil value (field '")
        && let Some((field, _)) = rest.split_once('\'')
        && let Some(near) = did_you_mean(field, names)
    {
        return (message.to_owned(), Some(format!("did you mean tiny.{near}?")));
    }
    (message.to_owned(), None)
}

fn module_hint(module: &str) -> String {
    let shipped: Vec<String> =
        files::embedded_names_below("lua/tiny").map(|name| format!("tiny.{}", name.replace('/', "."))).collect();
    match did_you_mean(module, shipped.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => {
            let file = format!("{}.lua", module.replace('.', "/"));
            format!("create {file} next to the recipe, or lua/{file} on the search path (`tinylua doc modules`)")
        }
    }
}

/// A hint without the alternatives that say `option = true` of an option that was given. `None` if nothing is left.
pub fn without_given(hint: String, given: impl Fn(&str) -> bool) -> Option<String> {
    let mut rest = hint;
    let mut from = 0;
    while let Some(at) = rest[from..].find(" = true").map(|at| at + from) {
        let start = rest[..at].rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        if !given(&rest[start..at]) {
            from = at + 1;
            continue;
        }
        let begins = ["; ", ", or ", " (and "].map(|mark| rest[..start].rfind(mark).map(|at| (at, mark)));
        let (begin, mark) = begins.into_iter().flatten().max()?;
        let end = if mark == " (and " { rest[at..].find(')').map(|end| end + 1) } else { rest[at..].find("; ") };
        rest.replace_range(begin..end.map_or(rest.len(), |end| at + end), "");
        from = begin;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_hint_leaves_out_what_was_given() {
        let given = |hint: &str| super::without_given(hint.to_owned(), |name| name != "sync");
        assert_eq!(given("it is missing; create = true creates it").as_deref(), Some("it is missing"));
        assert_eq!(given("it is missing; sync = true waits").as_deref(), Some("it is missing; sync = true waits"));
        assert_eq!(given("run as root, or also create one (user = true)").as_deref(), Some("run as root"));
        assert_eq!(
            given("clone with sync = true (and user = true without root); then retry").as_deref(),
            Some("clone with sync = true; then retry")
        );
        assert_eq!(given("a; create = true makes b; or c").as_deref(), Some("a; or c"));
        assert_eq!(given("clone with uts = true"), None);
    }

    fn clear(message: &str) -> (String, Option<String>) {
        super::with_hint(message, ["mount_proc", "mount_bind"].into_iter())
    }

    #[test]
    fn what_is_not_there() {
        let (message, hint) =
            clear("r.lua:1: module 'tiny.contaner' not found:\n\tno field package.preload['tiny.contaner']");
        assert_eq!(message, "r.lua:1: no such module: tiny.contaner");
        assert_eq!(hint.as_deref(), Some("did you mean tiny.container?"));
        let (_, hint) = clear("r.lua:1: attempt to call a nil value (field 'mount_prok')");
        assert_eq!(hint.as_deref(), Some("did you mean tiny.mount_proc?"));
        assert_eq!(clear("r.lua:1: mine"), ("r.lua:1: mine".to_owned(), None));
        assert_eq!(clear("attempt to call a nil value (field 'entirely_else')").1, None);
    }
}
