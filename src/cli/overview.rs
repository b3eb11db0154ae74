//! The list of commands in the help, with summaries and in sections. Shipped commands are read at build time. User
//! commands are read from the text of their scripts without running them: a broken command, or one that hangs, does
//! not affect the help of the others.

use std::path::{Path, PathBuf};

use crate::vm::files::{Embedded, SearchPath, Source, embedded};

/// The placeholder for the list in a help template: braces in the list itself are not tags.
pub const PLACE: &str = "‹commands›";

/// Inserts the list of a group's commands into its help.
pub fn put(help: &str, search: &SearchPath, group: &str) -> String {
    help.replace(PLACE, of(search, group).trim_end())
}

/// A line per command of a group, in sections: the shipped commands in their order of use, then the user's by directory.
/// The empty group contains all commands.
fn of(search: &SearchPath, group: &str) -> String {
    let folder = if group.is_empty() { "scripts".to_owned() } else { format!("scripts/{group}") };
    let names = names(search, &folder);
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(10);
    let line = |name: &str, said: &str| format!("  {name:<width$}  {said}\n");
    let mut shipped: Vec<(Listed, &String)> =
        names.iter().filter_map(|name| Some((listed(&folder, name)?, name))).collect();
    shipped.sort();
    let mut sections: Vec<(String, String)> = Vec::new();
    for (listed, name) in &shipped {
        let heading = format!("{}:", listed.section);
        let mark = place(search, &folder, name).map(|dir| format!(" (as in {})", dir.display())).unwrap_or_default();
        let text = line(name, &(summary(search, &folder, name) + &mark));
        match sections.last_mut().filter(|(last, _)| *last == heading) {
            Some((_, lines)) => lines.push_str(&text),
            None => sections.push((heading, text)),
        }
    }
    for dir in search.dirs().iter().map(|dir| dir.join(&folder)) {
        let own = names.iter().filter(|name| listed(&folder, name).is_none());
        let here = own.filter(|name| place(search, &folder, name).is_some_and(|place| place == dir));
        let lines = here.map(|name| line(name, &summary(search, &folder, name))).collect();
        sections.push((format!("Your commands in {}:", dir.display()), lines));
    }
    let filled = sections.into_iter().filter(|(_, lines)| !lines.is_empty());
    filled.map(|(heading, lines)| format!("{heading}\n{lines}")).collect::<Vec<_>>().join("\n")
}

/// The position of a shipped command in the help.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    /// The position among all commands, which also orders the sections.
    order: u32,
    section: String,
}

/// The shipped script's `section` and `order`; a user's copy of it has the same position. `None` for a command that is
/// not shipped.
fn listed(folder: &str, name: &str) -> Option<Listed> {
    let text = String::from_utf8_lossy(embedded(folder, &format!("{name}.lua"))?.source()).into_owned();
    let order = text.lines().find_map(|line| line.trim().strip_prefix("order = ")?.strip_suffix(',')?.parse().ok());
    let section = text.lines().find_map(|line| line.trim().strip_prefix("section = \"")?.strip_suffix("\","));
    Some(Listed { order: order.unwrap_or(u32::MAX), section: section.unwrap_or("Commands").to_owned() })
}

/// The commands of a directory by name, without those for programs.
pub fn names(search: &SearchPath, folder: &str) -> Vec<String> {
    let mut names = search.names(folder);
    names.retain(|name| !hidden(search, folder, name));
    names
}

/// The directory of a command; `None` for the copy in the binary.
fn place(search: &SearchPath, folder: &str, name: &str) -> Option<PathBuf> {
    let file = Path::new(folder).join(format!("{name}.lua"));
    search.dirs().iter().map(|dir| dir.join(&file)).find(|path| path.is_file())?.parent().map(Path::to_path_buf)
}

fn hidden(search: &SearchPath, folder: &str, name: &str) -> bool {
    let file = format!("{name}.lua");
    let Ok(Some(source)) = search.read(folder, &file) else { return false };
    if source.bytecode {
        return embedded(folder, &file).is_some_and(Embedded::hidden);
    }
    String::from_utf8_lossy(&source.text).lines().any(|line| line.trim_start().starts_with("hidden = true"))
}

/// The summary of a command, or why it cannot be used.
fn summary(search: &SearchPath, folder: &str, name: &str) -> String {
    let file = format!("{name}.lua");
    let source = match search.read(folder, &file) {
        Ok(Some(source)) => source,
        Ok(None) => return String::new(),
        Err(refused) => return refused.lines().next().unwrap_or_default().to_owned(),
    };
    if source.bytecode {
        return embedded(folder, &file).map(Embedded::summary).unwrap_or_default().to_owned();
    }
    let text = String::from_utf8_lossy(&source.text);
    wrong(&source).or_else(|| declared(&text)).or_else(|| headline(&text)).unwrap_or_default()
}

/// Lua's error for a text that does not compile.
fn wrong(source: &Source) -> Option<String> {
    match source.chunk(&mlua::Lua::new()).into_function() {
        Err(mlua::Error::SyntaxError { message, .. }) => Some(format!("cannot be used: {message}")),
        Err(other) => Some(format!("cannot be used: {other}")),
        Ok(_) => None,
    }
}

/// The text after `summary =`, if it is a literal.
fn declared(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("summary = \"")?;
    let (said, _) = rest.split_once('"')?;
    (!said.contains(['\n', '\\'])).then(|| said.to_owned())
}

/// The first line of its opening comment.
fn headline(text: &str) -> Option<String> {
    Some(text.lines().next()?.strip_prefix("--")?.trim().trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::files::embedded_names;

    #[test]
    fn a_summary_is_read_from_the_text() {
        assert_eq!(declared("return {\n  summary = \"Say hello\",\n}").as_deref(), Some("Say hello"));
        assert_eq!(declared("return { summary = make() }"), None);
        assert_eq!(headline("-- Says hello.\n").as_deref(), Some("Says hello"));
        assert_eq!(headline("return {}"), None);
    }

    #[test]
    fn every_shipped_command_has_a_section_and_an_order_of_its_own() {
        let mut orders = std::collections::BTreeMap::new();
        for name in embedded_names("scripts").filter(|name| name != "complete") {
            let listed = listed("scripts", &name).expect("it ships");
            assert_ne!(listed.section, "Commands", "{name} declares no section");
            assert_ne!(listed.order, u32::MAX, "{name} declares no order");
            let same = orders.insert(listed.order, name.clone());
            assert_eq!(same, None, "{name} has the order of another command");
        }
        let text = of(&SearchPath::default(), "");
        let headings: Vec<&str> = text.lines().filter(|line| line.ends_with(':') && !line.starts_with(' ')).collect();
        assert_eq!(headings, ["Containers:", "Images:", "Networks:", "Volumes:", "Recipes and topologies:", "System:"]);
        assert!(text.starts_with("Containers:\n  run "), "{text}");
    }

    #[test]
    fn every_shipped_command_has_one() {
        let text = of(&SearchPath::default(), "");
        for name in embedded_names("scripts").filter(|name| name != "complete") {
            let line = text.lines().find(|line| line.trim_start().split(' ').next() == Some(&name));
            assert!(line.is_some_and(|line| line.trim().len() > name.len()), "{name}: {line:?}");
        }
    }
}
