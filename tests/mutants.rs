//! Deliberate faults (tests/mutants/*.txt), and how many of them the tests detect. As a test, this only checks that every
//! fault still applies to the tree. `--soak` applies one fault at a time to a copy of the tree and runs its tests there:
//! tests/soak/mutants, described in tests/soak/README.md.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test runner talks to the terminal")]

#[path = "mutants/rules.rs"]
mod rules;
#[path = "mutants/soak.rs"]
mod soak;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use rules::{Fault, ROOT};

/// The minimum number of faults.
const LEAST: usize = 100;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "--soak") {
        return soak::main(&words[1..]);
    }
    let trials = [
        ("every_fault_fits_the_tree", every_fault_fits_the_tree as fn() -> Vec<String>),
        ("every_fault_is_well_formed", every_fault_is_well_formed),
        ("the_list_is_long_enough", the_list_is_long_enough),
        ("a_fault_is_read_as_written", a_fault_is_read_as_written),
    ]
    .map(|(name, test)| {
        Trial::test(name, move || {
            let wrong = test();
            if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

fn faults() -> Result<Vec<Fault>, String> {
    Ok(rules::layers()?.into_iter().flat_map(|layer| layer.faults).collect())
}

/// Calls `check` for each fault, and adds the fault's name to its errors.
fn each(check: impl Fn(&Fault) -> Result<(), String>) -> Vec<String> {
    match faults() {
        Ok(all) => all.iter().filter_map(|fault| Some(format!("{}: {}", fault.id(), check(fault).err()?))).collect(),
        Err(e) => vec![e],
    }
}

/// The code changes: a fault whose text no longer exists would test nothing.
fn every_fault_fits_the_tree() -> Vec<String> {
    let tree = sources();
    each(|fault| {
        let text = tree.iter().find(|(name, _)| *name == fault.file).map(|(_, text)| text);
        let applied = match text {
            Some(text) => fault.applied(text).map(drop),
            None => Err(format!("no such file: {}", fault.file)),
        };
        applied.map_err(|why| {
            let there = |text: &str| !fault.old.is_empty() && text.contains(&fault.old);
            let elsewhere = tree.iter().filter(|(name, text)| *name != fault.file && there(text));
            let names: Vec<&str> = elsewhere.map(|(name, _)| name.as_str()).take(3).collect();
            match names.is_empty() {
                true => why,
                false => format!("{why}; the text is in {}", names.join(", ")),
            }
        })
    })
}

fn every_fault_is_well_formed() -> Vec<String> {
    let mut lua_tests = Vec::new();
    collect(&Path::new(ROOT).join("tests/lua"), &mut lua_tests);
    let lua_tests: Vec<&str> = lua_tests.iter().filter_map(|(name, _)| name.strip_prefix("tests/lua/")).collect();
    let known = |test: &String| {
        let (suite, filter) = test.split_once(' ').unwrap_or((test, ""));
        let suites = ["lua", "lib", "fuzz"];
        // Tests from a list do not have their own file.
        let listed =
            ["rootless/", "recipes/", "scenarios/faults", "images/faults"].iter().any(|list| filter.starts_with(list));
        match suite {
            "lua" => listed || lua_tests.iter().any(|name| name.starts_with(filter)),
            _ => suites.contains(&suite) || Path::new(ROOT).join(format!("tests/{suite}.rs")).is_file(),
        }
    };
    let mut wrong = each(|fault| match fault {
        _ if fault.old.is_empty() => Err("it has no text to replace".into()),
        _ if fault.old == fault.new => Err("it changes nothing".into()),
        _ if fault.breaks.is_empty() => Err("it does not say what it breaks".into()),
        _ if fault.tests.is_empty() => Err("it names no test".into()),
        _ => match fault.tests.iter().find(|test| !known(test)) {
            Some(test) => Err(format!("no such test: {test}")),
            None => Ok(()),
        },
    });
    let mut seen = BTreeSet::new();
    let all = faults().unwrap_or_default();
    wrong.extend(all.iter().map(Fault::id).filter(|id| !seen.insert(id.clone())).map(|id| format!("{id}: twice")));
    wrong
}

fn the_list_is_long_enough() -> Vec<String> {
    let all = faults().unwrap_or_default();
    let mut wrong = Vec::new();
    if all.len() < LEAST {
        wrong.push(format!("{} faults, {LEAST} at least", all.len()));
    }
    for folder in ["src/sys/", "src/prim/", "src/vm/", "src/cli/", "lua/tiny/", "scripts/"] {
        if !all.iter().any(|fault| fault.file.starts_with(folder)) {
            wrong.push(format!("no fault is in {folder}"));
        }
    }
    // Each room of the library has a fault.
    let rooms = std::fs::read_dir(Path::new(ROOT).join("lua/tiny")).into_iter().flatten().flatten();
    for room in rooms.filter(|entry| entry.path().is_dir()) {
        let folder = format!("lua/tiny/{}/", room.file_name().to_string_lossy());
        if !all.iter().any(|fault| fault.file.starts_with(&folder)) {
            wrong.push(format!("no fault is in {folder}"));
        }
    }
    wrong
}

fn a_fault_is_read_as_written() -> Vec<String> {
    let text = "# about\nbroad: lua files/\n\nfault one: breaks\nin a.lua\nby lua files/read, lib units\n-   two\n- lines\n+ x\n+\n";
    let layer = rules::parse("layer", text).unwrap_or_default();
    let wanted = Fault {
        layer: "layer".into(),
        name: "one".into(),
        breaks: "breaks".into(),
        file: "a.lua".into(),
        old: "  two\nlines".into(),
        new: "x".into(),
        tests: vec!["lua files/read".into(), "lib units".into()],
        explained: String::new(),
    };
    let mut wrong = Vec::new();
    if layer.broad != ["lua files/"] || layer.faults != [wanted.clone()] {
        wrong.push(format!("read {:?}", layer.faults));
    }
    if wanted.applied("a\n  two\nlines\nb").as_deref() != Ok("a\nx\nb")
        || wanted.applied("  two\nlines  two\nlines").is_ok()
    {
        wrong.push("a fault is not applied where its text occurs once, and only there".into());
    }
    if rules::parse("layer", "in a.lua").is_ok() || rules::parse("layer", "fault a: b\nat c").is_ok() {
        wrong.push("a damaged list is read".into());
    }
    wrong
}

/// The Lua and Rust files of the product, with their texts.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["src", "lua", "scripts"] {
        collect(&Path::new(ROOT).join(folder), &mut found);
    }
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "lua") {
            let name = path.strip_prefix(ROOT).unwrap_or(&path).to_string_lossy().into_owned();
            found.push((name, std::fs::read_to_string(&path).unwrap_or_default()));
        }
    }
}
