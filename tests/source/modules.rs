//! The Rust modules below a directory and their imports of each other, read from `use` declarations and from
//! paths in the code. Importing a re-exported name counts as an import of the module that defines it; tests and
//! comments do not count.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, files};

/// The modules by path ("sys::net::nat"), each with its imports.
#[derive(Default)]
pub struct Modules(BTreeMap<String, BTreeSet<String>>);

/// The components of a path.
type Path = Vec<String>;

impl Modules {
    /// The modules below a directory of `src`.
    pub fn below(folder: &str) -> Modules {
        Modules::of(files(folder, "rs").collect())
    }

    pub fn of(files: Vec<File>) -> Modules {
        let code: BTreeMap<String, String> = files.iter().map(|f| (module_of(&f.name), code_of(&f.text))).collect();
        let mut tree = Tree::default();
        for name in code.keys() {
            tree.names.insert(name.clone());
        }
        let mut imports: BTreeMap<&String, Vec<Path>> = BTreeMap::new();
        for (module, text) in &code {
            let mut rest = String::new();
            for statement in text.split_inclusive([';', '{', '}']).scan(String::new(), whole_use).flatten() {
                match use_of(&statement) {
                    Some((true, paths)) => tree.re_export(module, paths),
                    Some((false, paths)) => imports.entry(module).or_default().extend(paths),
                    None => rest.push_str(&statement),
                }
            }
            imports.entry(module).or_default().extend(paths_in(&rest));
        }
        let resolved = imports.into_iter().map(|(module, paths)| {
            let targets = paths.into_iter().filter_map(|path| tree.target(module, path));
            (module.clone(), targets.filter(|target| target != module).collect())
        });
        Modules(resolved.collect())
    }

    /// A cycle of modules: the shortest one of the first module that is in any.
    pub fn cycle(&self) -> Option<Vec<&str>> {
        self.0.keys().find_map(|first| self.way_back(first))
    }

    fn way_back<'a>(&'a self, first: &'a str) -> Option<Vec<&'a str>> {
        let mut ways: Vec<Vec<&str>> = vec![vec![first]];
        let mut seen = BTreeSet::new();
        let mut at = 0;
        while let Some(way) = ways.get(at).cloned() {
            for next in self.0.get(way[way.len() - 1]).into_iter().flatten() {
                let mut longer = way.clone();
                longer.push(next);
                if next == first {
                    return Some(longer);
                }
                if seen.insert(next.as_str()) {
                    ways.push(longer);
                }
            }
            at += 1;
        }
        None
    }
}

/// The modules, and the names that each re-exports.
#[derive(Default)]
struct Tree {
    names: BTreeSet<String>,
    again: BTreeMap<String, BTreeMap<String, Path>>,
}

impl Tree {
    fn re_export(&mut self, module: &str, paths: Vec<Path>) {
        for path in paths {
            if let (Some(name), Some(path)) = (path.last().cloned(), self.absolute(module, path)) {
                self.again.entry(module.to_owned()).or_default().insert(name, path);
            }
        }
    }

    /// The path from the crate root; `None` for another crate's.
    fn absolute(&self, module: &str, path: Path) -> Option<Path> {
        let own = || module.split("::").map(str::to_owned).collect::<Vec<_>>();
        let from = |base: &[String], rest: &[String]| [base, rest].concat();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some(from(&own(), &path[1..])),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                let own = own();
                Some(from(&own[..own.len().checked_sub(up)?], &path[up..]))
            }
            child => self.names.contains(&format!("{module}::{child}")).then(|| from(&own(), &path)),
        }
    }

    /// The module of a path, following re-exports.
    fn target(&self, module: &str, path: Path) -> Option<String> {
        const DEEPEST: usize = 8;
        let mut path = self.absolute(module, path)?;
        for _ in 0..DEEPEST {
            let length = (1..=path.len()).rev().find(|n| self.names.contains(&path[..*n].join("::")))?;
            let found = path[..length].join("::");
            let again = path.get(length).and_then(|name| self.again.get(&found)?.get(name));
            match again {
                Some(other) => path = [&other[..], &path[length + 1..]].concat(),
                None => return Some(found),
            }
        }
        None
    }
}

/// "src/sys/net/mod.rs" is `sys::net`.
fn module_of(file: &str) -> String {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    path.trim_end_matches("/mod").replace('/', "::")
}

/// The text without comments and without the tests, which are last in a file.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Joins the pieces of a `use` declaration, whose braces do not end a statement.
fn whole_use(open: &mut String, piece: &str) -> Option<Option<String>> {
    open.push_str(piece);
    let unfinished = is_use(open) && !open.ends_with(';');
    Some((!unfinished).then(|| std::mem::take(open)))
}

fn is_use(statement: &str) -> bool {
    words_after_visibility(statement).1.starts_with("use ")
}

/// Whether a statement is public, and the rest of it.
fn words_after_visibility(statement: &str) -> (bool, &str) {
    let mut text = statement.trim_start();
    while let Some((_, rest)) = text.strip_prefix("#[").and_then(|t| t.split_once(']')) {
        text = rest.trim_start();
    }
    let Some(rest) = text.strip_prefix("pub") else { return (false, text) };
    let rest = rest.strip_prefix('(').and_then(|r| r.split_once(')')).map_or(rest, |(_, rest)| rest);
    (true, rest.trim_start())
}

/// The paths of a `use` declaration, and whether it re-exports them.
fn use_of(statement: &str) -> Option<(bool, Vec<Path>)> {
    let (public, text) = words_after_visibility(statement);
    let tree = text.strip_prefix("use ")?.trim_end_matches(';');
    let mut paths = Vec::new();
    expand(&[], tree, &mut paths);
    Some((public, paths))
}

/// `a::{b, c::{d}}` as `a::b` and `a::c::d`.
fn expand(base: &[String], tree: &str, paths: &mut Vec<Path>) {
    let tree = tree.trim();
    let parts =
        |text: &str| text.split("::").map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect::<Vec<_>>();
    let Some((head, list)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default();
        paths.push([base, &parts(name)].concat());
        return;
    };
    let base = [base, &parts(head)].concat();
    let (mut depth, mut item) = (0, String::new());
    for sign in list.trim_end().trim_end_matches('}').chars() {
        depth += i32::from(sign == '{') - i32::from(sign == '}');
        if sign == ',' && depth == 0 {
            expand(&base, &std::mem::take(&mut item), paths);
        } else {
            item.push(sign);
        }
    }
    if !item.trim().is_empty() {
        expand(&base, &item, paths);
    }
}

/// The paths in code: `super::a::b`, `crate::c`, and `d::e` for a submodule.
fn paths_in(code: &str) -> Vec<Path> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(|c| !part(c)).filter(|word| word.contains("::"));
    words.map(|word| word.trim_matches(':').split("::").map(str::to_owned).collect()).collect()
}

/// Finds one cycle of each kind, and no false ones.
#[test]
fn cycles_are_found() {
    let tree = |list: &[(&str, &str)]| {
        Modules::of(list.iter().map(|(n, t)| File { name: format!("src/s/{n}.rs"), text: (*t).into() }).collect())
    };
    let cycle = |list: &[(&str, &str)]| tree(list).cycle().map(|chain| chain.join(" → "));
    let own = |text| cycle(&[("a", text), ("b", "use super::a::X;"), ("mod", "mod a; mod b; pub use b::Y;")]);
    let found = Some("s::a → s::b → s::a".to_owned());
    for text in ["use super::b;", "use crate::s::{c, b::{Z, self}};", "fn f() { super::b::g() }", "use super::Y;"] {
        assert_eq!(own(text), found, "{text}");
    }
    for text in ["// use super::b;", "fn f() { other::b::g() }", "#[cfg(test)]\nmod tests { use super::super::b; }"] {
        assert_eq!(own(text), None, "{text}");
    }
    assert_eq!(cycle(&[("mod", "mod a; fn f() { a::g() }"), ("a", "use super::f;")]).as_deref(), Some("s → s::a → s"));
    assert_eq!(cycle(&[("mod", "mod a; pub use a::g;"), ("a", "use super::Other;")]), None);
}
