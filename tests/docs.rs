//! The manual: entries are complete, their examples are valid Lua, and the generated files are up to date.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use tinylua::prim::PRIMITIVES;
use tinylua::vm::registry::{Opt, Primitive, Type};

/// Fails with all errors at once, so that they can be fixed together.
fn no_complaints(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn each(check: impl Fn(&Primitive) -> Vec<String>) {
    no_complaints(
        PRIMITIVES.all().flat_map(|p| check(p).into_iter().map(move |c| format!("{}: {c}", p.name))).collect(),
    );
}

#[test]
fn every_entry_is_complete() {
    each(|p| {
        let mut wrong = Vec::new();
        for (what, text) in [("doc", p.doc), ("example", p.example), ("since", p.since), ("family", p.family)] {
            if text.trim().is_empty() {
                wrong.push(format!("it has no {what}"));
            }
        }
        if !p.doc.ends_with(['.', '`']) || p.doc.contains('\n') {
            wrong.push("its doc is not one paragraph that ends with a full stop".into());
        }
        let documented = p.args.iter().map(|a| (a.name, a.doc)).chain(p.options.iter().map(|o| (o.name, o.doc)));
        wrong
            .extend(documented.filter(|(_, doc)| doc.is_empty()).map(|(name, _)| format!("{name} has no description")));
        wrong
    });
}

#[test]
fn names_are_flat_and_unique() {
    let mut seen = HashSet::new();
    each(|p| {
        let snake = p.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        (!snake).then(|| "the name is not snake_case".into()).into_iter().collect()
    });
    for primitive in PRIMITIVES.all() {
        assert!(seen.insert(primitive.name), "{} is registered twice", primitive.name);
    }
}

/// The parts of a version: "0.2" is before "0.10".
fn version(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().expect("a version is numbers and dots")).collect()
}

fn not_due(primitive: &Primitive, old: &str, until: &str) {
    let due = version(env!("CARGO_PKG_VERSION")) >= version(until);
    assert!(!due, "{old} goes in version {until}: remove it from the entry of {}", primitive.name);
}

#[test]
fn old_names_are_free_and_not_due() {
    let names: HashSet<&str> = PRIMITIVES.all().map(|p| p.name).collect();
    let methods: HashSet<String> =
        PRIMITIVES.all().filter_map(|p| p.method.map(|(kind, method)| format!("{kind}:{method}"))).collect();
    let mut seen = HashSet::new();
    for primitive in PRIMITIVES.all() {
        for (old, until) in primitive.formerly {
            assert!(!names.contains(old) && !methods.contains(*old) && seen.insert(old), "{old} has two meanings");
            not_due(primitive, old, until);
        }
        let options = primitive.options.iter();
        let keys = primitive.args.iter().flat_map(|arg| if let Type::Options(keys) = arg.ty { keys } else { &[] });
        for (old, until) in options.clone().chain(keys).flat_map(|option| option.formerly) {
            let same = |option: &Opt| option.name == old.trim_start_matches('!');
            assert!(!primitive.options.iter().any(same), "{}: {old} has two meanings", primitive.name);
            not_due(primitive, old, until);
        }
        // Old names are replaced in the options and in arguments that are tables, not further inside.
        let inside = options.filter_map(|option| if let Type::Options(keys) = option.ty { Some(keys) } else { None });
        assert!(inside.flatten().all(|key| key.formerly.is_empty()), "{}: an old name too deep", primitive.name);
    }
}

#[test]
fn every_example_is_lua() {
    let lua = mlua::Lua::new();
    each(|p| {
        lua.load(p.example)
            .into_function()
            .err()
            .map(|e| format!("its example is not valid Lua: {e}"))
            .into_iter()
            .collect()
    });
}

#[test]
fn every_error_is_an_errno() {
    let known: BTreeSet<String> = (1..134).map(|n| format!("{:?}", Errno::from_raw(n))).collect();
    each(|p| {
        let unknown = p.errors.iter().filter(|(code, _)| !known.contains(*code));
        unknown.map(|(code, _)| format!("{code} is not the name of an errno")).collect()
    });
}

#[test]
fn every_method_takes_its_handle_first() {
    each(|p| {
        let Some((kind, method)) = p.method else { return Vec::new() };
        let takes = p.args.first().is_some_and(|a| a.ty.describe().contains(&format!("{kind} handle")));
        if takes { Vec::new() } else { vec![format!("{kind}:{method} does not take a {kind} handle first")] }
    });
}

#[test]
fn stubs_are_lua() {
    let stubs = tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("lua/meta"));
    assert!(stubs.contains_key(Path::new("tiny.lua")));
    for (name, text) in stubs {
        mlua::Lua::new().load(&text).into_function().unwrap_or_else(|e| panic!("{}: {e}", name.display()));
    }
}

/// The files of a directory by their relative paths.
fn tree(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = PathBuf::from(path.file_name().unwrap_or_default());
        match path.is_dir() {
            true => found.extend(tree(&path).into_iter().map(|(below, text)| (name.join(below), text))),
            false => drop(found.insert(name, std::fs::read_to_string(&path).unwrap_or_default())),
        }
    }
    found
}

/// Checks that each file of a directory equals the program's output, for files for which `own` is true.
fn fresh(folder: &str, format: &str, own: &dyn Fn(&Path) -> bool) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let written = place.path().join("written");
    let mut program = Command::new(env!("CARGO_BIN_EXE_tinylua"));
    // No file of this user overrides a shipped one.
    program.env("XDG_CONFIG_HOME", place.path()).args(["doc", "--format", format, "--output"]).arg(&written);
    assert!(program.status().expect("the program runs").success());
    let (mut have, mut want) = (tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)), tree(&written));
    have.retain(|name, _| own(name));
    want.retain(|name, _| own(name));
    assert!(!want.is_empty());
    let stale: BTreeSet<_> = have.keys().chain(want.keys()).filter(|name| have.get(*name) != want.get(*name)).collect();
    assert!(stale.is_empty(), "\n{folder} is stale: {stale:?}. Renew it with docs/renew\n");
}

#[test]
fn the_reference_is_fresh() {
    let names = ["reference.md", "commands.md", "keys.md"];
    fresh("docs", "markdown", &|name| names.iter().any(|known| name == Path::new(known)));
}

#[test]
fn the_stubs_are_fresh() {
    // The other pages are generated from comments and are not in the tree.
    let kept = tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("lua/meta"));
    assert!(kept.len() >= 5);
    fresh("lua/meta", "lua", &|name| kept.contains_key(name));
}

#[test]
fn the_man_pages_are_fresh() {
    fresh("docs/man", "man", &|_| true);
}

/// The warnings of man(1), if one of its formatters is installed.
#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says why")]
fn the_man_pages_are_well_formed() {
    let pages: Vec<PathBuf> = tree(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/man"))).into_keys().collect();
    let lint = Command::new("mandoc")
        .args(["-T", "lint", "-W", "warning"])
        .args(&pages)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/man"))
        .output();
    let Ok(lint) = lint else {
        println!("skip: needs mandoc");
        return;
    };
    // They are generated from the sources, which have no date.
    let said = String::from_utf8_lossy(&lint.stdout);
    no_complaints(said.lines().filter(|line| !line.contains("missing date")).map(str::to_owned).collect());
}
