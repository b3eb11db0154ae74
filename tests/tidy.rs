//! The house rules as tests: permitted imports, which modules may print, the maximum length of files, and which
//! test belongs to which primitive. A message has the position, the rule and the reason.

mod rooms;
mod source;

use std::collections::BTreeMap;
use std::path::Path;

use source::modules::Modules;
use source::{File, files, report, root};
use tinylua::prim::PRIMITIVES;

/// Directories whose tests cover a container's whole life cycle, or an attack, instead of one primitive.
const SCENARIOS: &[&str] = &["scenarios", "attacks", "rootless", "images", "oci", "egress"];

const TOP: &[&str] = &["src", "lua", "scripts", "tests", "benches", "examples", "docs", ".ci", ".cargo"];

#[test]
fn imports_run_downward() {
    let rules: &[(&str, &str, &[&str], &str)] = &[
        ("src/sys", "rs", &["mlua"], "sys is the kernel in Rust types; it never sees Lua"),
        ("src/sys", "rs", &["crate::vm", "crate::prim", "crate::cli"], "imports run downward: prim → sys"),
        ("src/vm", "rs", &["crate::prim"], "a machine receives its primitives when it is created (Vm::new)"),
        ("src/prim", "rs", &["crate::cli"], "imports run downward: cli → prim"),
        ("src/prim", "rs", &["unsafe", "libc::"], "bindings contain no kernel code: that belongs in sys"),
        ("lua", "lua", &["require \"scripts", "require(\"scripts"], "a module never needs a script"),
    ];
    let mut wrong = Vec::new();
    for (folder, extension, words, reason) in rules {
        for file in files(folder, extension) {
            wrong.extend(file.code_with(words).map(|(at, word)| format!("{at}: {word:?}: {reason}")));
        }
    }
    report(wrong);
}

#[test]
fn modules_of_sys_import_in_one_direction() {
    let modules = Modules::below("src/sys");
    let reason = "move shared code to a module below both";
    report(modules.cycle().map(|chain| format!("{}: {reason}", chain.join(" → "))).into_iter().collect());
}

#[test]
fn arguments_come_from_main() {
    let mut wrong = Vec::new();
    for file in files("src", "rs").filter(|f| f.name != "src/sys/title.rs") {
        wrong.extend(file.code_with(&["env::args", "env::args_os", "args_os"]).map(|(at, word)| {
            format!("{at}: {word:?}: Rust's start-up does not run, so only glibc has the arguments: use sys/title.rs")
        }));
    }
    report(wrong);
}

#[test]
fn each_unsafe_block_says_why_it_is_sound() {
    let mut wrong = Vec::new();
    for file in files("src", "rs") {
        for (at, _) in file.code_with(&["unsafe"]).filter(|(at, _)| !file.has_above(at, "// SAFETY:")) {
            wrong.push(format!(
                "{at}: unsafe without \"// SAFETY:\" above it: a reader cannot check an undocumented assumption"
            ));
        }
    }
    report(wrong);
}

#[test]
fn only_the_front_prints() {
    let mut wrong = Vec::new();
    let front = ["src/main.rs", "src/repl"];
    for file in files("src", "rs").filter(|f| !front.iter().any(|p| f.name.starts_with(p))) {
        wrong.extend(file.code_with(&["print!(", "println!("]).map(|(at, word)| (at, word.to_owned())));
    }
    for file in files("lua/tiny", "lua").chain(files("scripts", "lua")).filter(|f| f.name != "lua/tiny/format.lua") {
        wrong.extend(file.code_with(&["io.write(", "io.stdout", " print("]).map(|(at, word)| (at, word.to_owned())));
    }
    let reason = "only main.rs, repl.rs and lua/tiny/format.lua touch the terminal, so that escapes, colours and \
                  broken pipes are handled in one place";
    report(wrong.into_iter().map(|(at, word)| format!("{at}: {word:?}: {reason}")).collect());
}

#[test]
fn files_open_with_what_they_own() {
    let mut wrong = Vec::new();
    for file in files("src", "rs").chain(files("tests", "rs")).filter(|f| !f.text.starts_with("//! ")) {
        wrong.push(format!("{}:1: no //! header: a file begins with its purpose", file.name));
    }
    let lua = ["lua", "scripts", "tests/lua", "src", "docs"].into_iter().flat_map(|folder| files(folder, "lua"));
    for file in lua.filter(|f| !f.text.starts_with("--")) {
        wrong.push(format!("{}:1: no comment at the top: a file begins with its purpose", file.name));
    }
    report(wrong);
}

#[test]
fn files_stay_short() {
    let limits: &[(&str, &str, usize)] =
        &[("src", "rs", 400), ("tests", "rs", 400), ("lua/tiny", "lua", 400), ("scripts", "lua", 80)];
    let mut wrong = Vec::new();
    for (folder, extension, limit) in limits {
        for file in files(folder, extension) {
            let lines = file.lines_outside_tables();
            if lines > *limit {
                wrong.push(format!(
                    "{}:{limit}: {lines} lines outside its tables, {limit} at most: long files are hard to read",
                    file.name
                ));
            }
        }
    }
    for file in files("lua/recipes", "lua").filter(|f| f.code_lines() > 25) {
        wrong.push(format!("{}: {} lines of code, 25 at most: a recipe must be short", file.name, file.code_lines()));
    }
    report(wrong);
}

#[test]
fn nothing_is_left_for_later() {
    // In two parts each, so that this file does not match itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("unimpl", "emented!")];
    let mut wrong = Vec::new();
    for folder in ["src", "lua", "scripts", "tests", "benches"] {
        for file in ["rs", "lua", "sh", "py", "c"].into_iter().flat_map(|ext| files(folder, ext)) {
            for (number, line) in file.text.lines().enumerate() {
                if let Some(word) = words.iter().find(|word| line.contains(*word)) {
                    wrong.push(format!("{}:{}: {word}: record missing work as an issue", file.name, number + 1));
                }
            }
        }
    }
    report(wrong);
}

#[test]
fn there_is_no_current_container() {
    let mut wrong = Vec::new();
    let words = ["current_container", "currentContainer", "set_current_dir(", "static mut"];
    for file in files("src", "rs").chain(files("lua", "lua")).chain(files("scripts", "lua")) {
        wrong.extend(file.code_with(&words).map(|(at, word)| {
            format!("{at}: {word:?}: pass it as an argument; hidden state breaks concurrent containers")
        }));
    }
    report(wrong);
}

#[test]
fn top_level_folders_are_the_known_ones() {
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(root()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let passing = name == "target" || name == ".git";
        if entry.path().is_dir() && !passing && !TOP.contains(&name.as_str()) {
            wrong.push(format!("{name}/: not one of {}: a new top-level directory needs a reason", TOP.join(", ")));
        }
    }
    report(wrong);
}

/// A test covers the primitive in its file name, and the primitives without their own file that its first line
/// lists before the colon: "-- wait_ready, notify_ready: …".
#[test]
fn each_primitive_has_one_test_file() {
    let tests: Vec<(File, String)> = lua_tests().collect();
    let mut covered: BTreeMap<&str, Vec<&str>> = PRIMITIVES.all().map(|p| (p.name, Vec::new())).collect();
    let mut wrong = Vec::new();
    for (file, stem) in &tests {
        let header = file.text.lines().next().unwrap_or_default().trim_start_matches('-');
        let words = |text: &str| text.split([',', ' ', ':']).map(str::to_owned).collect::<Vec<_>>();
        if !words(header).iter().chain([stem]).any(|word| covered.contains_key(word.as_str())) {
            wrong.push(format!(
                "{}:1: not named after a primitive; tests of several primitives belong in scenarios/",
                file.name
            ));
        }
        let named = words(header.split_once(':').map_or("", |(names, _)| names));
        let without_own = named.iter().filter(|name| tests.iter().all(|(_, stem)| stem != *name));
        for name in without_own.chain([stem]) {
            if let Some(files) = covered.get_mut(name.as_str()) {
                files.push(&file.name);
            }
        }
    }
    for (name, files) in covered.iter().filter(|(_, files)| files.len() != 1) {
        wrong.push(match files.is_empty() {
            true => format!("{name}: no tests/lua/*/{name}.lua: every primitive needs a test"),
            false => format!("{name}: tested in {}: keep its tests in one file", files.join(" and ")),
        });
    }
    report(wrong);
}

/// The Lua tests in the families' folders, each with its name without `.lua`.
fn lua_tests() -> impl Iterator<Item = (File, String)> {
    files("tests/lua", "lua").filter_map(|file| {
        let path = Path::new(file.name.strip_prefix("tests/lua/")?);
        let family = path.parent()?.to_str()?.to_owned();
        let stem = path.file_stem()?.to_str()?.to_owned();
        // Files next to the directories are shared by the tests.
        (!family.is_empty() && !SCENARIOS.contains(&family.as_str())).then_some((file, stem))
    })
}

#[test]
fn primitives_are_documented_in_full() {
    let mut wrong = Vec::new();
    for primitive in PRIMITIVES.all() {
        for (what, text) in [("doc", primitive.doc), ("family", primitive.family), ("example", primitive.example)] {
            if text.is_empty() {
                wrong.push(format!(
                    "{}: no {what} in its registry entry: the manual is generated from it",
                    primitive.name
                ));
            }
        }
        // A method's handle is before the colon, and the fields of a table have names.
        let positional = primitive.args.iter().filter(|arg| arg.ty != tinylua::vm::registry::Type::Table).count();
        if positional > 2 + usize::from(primitive.method.is_some()) {
            wrong.push(format!("{}: more than two positional arguments: use options", primitive.name));
        }
    }
    report(wrong);
}

#[test]
fn the_scanner_sees_code_and_not_comments() {
    let file = File { name: "x.rs".into(), text: "// unsafe\nlet a = 1; // unsafe\nunsafe { f() }\n".into() };
    let found: Vec<String> = file.code_with(&["unsafe"]).map(|(at, _)| at.to_string()).collect();
    assert_eq!(found, ["x.rs:3"]);
    let table = File { name: "t.rs".into(), text: "a\npub const FAMILY: &[X] = &[\n1,\n2,\n];\nb\n".into() };
    assert_eq!(table.lines_outside_tables(), 2);
}
