//! The rooms of the Lua library: which module may require which. Requires point downward only, including those
//! inside functions, and there are no cycles. A violation is printed with the chain of modules.

use std::collections::BTreeMap;

use super::source::{files, report};

/// Rooms and public modules from the bottom up. A module may require those of its own row and of the rows before it.
const ORDER: &[&[&str]] = &[
    &["base", "format", "status", "seccomp_default"],
    &["spec"],
    &["store", "scope"],
    &["cow"],
    &["images"],
    &["image"],
    &["net"],
    &["egress"],
    &["network"],
    &["pipeline"],
    &["container", "topology"],
    &["supervisor"],
    &["pool"],
    &["state"],
    &["client"],
    &["oci"],
    &["compose"],
    &["inspect"],
    &["docs"],
    &["test"],
    &["dev", "prompt", "cli"],
];

type Graph = BTreeMap<String, Vec<String>>;

#[test]
fn requires_point_downward() {
    let mut wrong = Vec::new();
    for (module, required) in &graph() {
        let Some(own) = row(module) else {
            wrong.push(format!("{module}: its room is not in tests/rooms: add it to the order"));
            continue;
        };
        for other in required {
            match row(other) {
                Some(theirs) if theirs > own => wrong.push(format!(
                    "{module} requires {other}, which is above it: move shared code below both, or pass it in"
                )),
                Some(_) => {}
                None => wrong.push(format!("{module} requires {other}, which is in no room")),
            }
        }
    }
    report(wrong);
}

#[test]
fn no_modules_require_each_other() {
    let graph = graph();
    report(
        cycle(&graph).map(|chain| format!("modules require each other: {}", chain.join(" → "))).into_iter().collect(),
    );
}

#[test]
fn a_public_module_is_not_a_room() {
    let graph = graph();
    let public = |name: &str| graph.contains_key(&format!("tiny.{name}"));
    let room = |name: &str| graph.keys().any(|module| module.starts_with(&format!("tiny.{name}.")));
    let names = ORDER.iter().flat_map(|row| row.iter());
    report(
        names
            .filter(|name| public(name) == room(name))
            .map(|name| format!("{name}: tests/rooms names neither a module of lua/tiny nor a folder of it, or both"))
            .collect(),
    );
}

#[test]
fn a_chain_is_found() {
    let of = |pairs: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in pairs {
            graph.entry((*from).into()).or_default().push((*to).into());
            graph.entry((*to).into()).or_default();
        }
        graph
    };
    assert_eq!(cycle(&of(&[("a", "b"), ("a", "c"), ("b", "c")])), None);
    let chain = cycle(&of(&[("a", "b"), ("b", "c"), ("c", "b")])).expect("b and c require each other");
    assert_eq!(chain, ["b", "c", "b"]);
    let text = "local a = require \"tiny.x.y\"\nlocal function f() return require(\"tiny.z\").g(), require('tiny.x.' .. n) end -- require \"tiny.no\"";
    assert_eq!(required_by(text), ["tiny.x.", "tiny.x.y", "tiny.z"]);
}

/// Each module with the modules that it requires; a name built at run time counts as its room.
fn graph() -> Graph {
    files("lua/tiny", "lua")
        .filter_map(|file| {
            let path = file.name.strip_prefix("lua/")?.strip_suffix(".lua")?;
            Some((path.replace('/', "."), required_by(&file.text)))
        })
        .collect()
}

fn required_by(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .flat_map(|line| line.split("require").skip(1))
        .filter_map(|rest| {
            let rest = rest.trim_start().trim_start_matches('(').trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let name = rest[1..].split(quote).next()?;
            name.starts_with("tiny.").then(|| name.to_owned())
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The row of a module's room, or of the module itself when it is public.
fn row(module: &str) -> Option<usize> {
    let name = module.strip_prefix("tiny.")?.split('.').next()?;
    ORDER.iter().position(|row| row.contains(&name))
}

/// A cycle of modules, with the first one repeated at the end.
fn cycle(graph: &Graph) -> Option<Vec<String>> {
    fn visit(graph: &Graph, module: &str, way: &mut Vec<String>, done: &mut Vec<String>) -> Option<Vec<String>> {
        if let Some(at) = way.iter().position(|name| name == module) {
            let mut chain = way[at..].to_vec();
            chain.push(module.to_owned());
            return Some(chain);
        }
        if done.iter().any(|name| name == module) {
            return None;
        }
        way.push(module.to_owned());
        for next in graph.get(module).into_iter().flatten() {
            if let Some(chain) = visit(graph, next, way, done) {
                return Some(chain);
            }
        }
        way.pop();
        done.push(module.to_owned());
        None
    }
    let mut done = Vec::new();
    graph.keys().find_map(|module| visit(graph, module, &mut Vec::new(), &mut done))
}
