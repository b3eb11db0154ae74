//! Clearer messages and hints for two of Lua's own errors: a missing module, and a call of an undefined function whose
//! name is close to a primitive's.

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

#[cfg(test)]
mod tests {
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
