//! Every code block of README.md and of the manual. Lua is checked by `tinylua check`. Console blocks
//! are run: those of a page in order, in one private host, in a directory with the manual's recipes and
//! the files named by the page's Lua blocks (`-- web.lua`). A block that cannot be run has a comment with the
//! reason (pages/mod.rs), and is counted.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test runner talks to the terminal")]

mod host;
mod pages;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::{Completion, Trial};
use pages::{Block, Page};

/// The start of the script's own lines between the output of commands.
const MARK: char = '\u{1e}';

static CHECKED: AtomicU32 = AtomicU32::new(0);
static RUN: AtomicU32 = AtomicU32::new(0);
static SKIPPED: AtomicU32 = AtomicU32::new(0);

fn main() -> ExitCode {
    let ended = host::main(|| {
        let pages = files(&root().join("docs/manual/src")).into_iter().chain([root().join("README.md")]);
        let mut trials: Vec<Trial> = pages.map(page).collect();
        trials.push(Trial::test("the_reader", || reader().map_err(Into::into)));
        trials.push(Trial::test("links", || links().map_err(Into::into)));
        trials
    });
    let count = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
    if count(&CHECKED) > 0 {
        println!(
            "code blocks: {} of Lua checked, {} of commands run, {} not run",
            count(&CHECKED),
            count(&RUN),
            count(&SKIPPED)
        );
    }
    ended
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path if path.extension().is_some_and(|e| e == "md") => found.push(path),
            _ => {}
        }
    }
    found.sort();
    found
}

fn page(path: PathBuf) -> Trial {
    let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
    host::trial(name.clone(), move || {
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{name}: {e}"))?;
        let page = pages::read(&text, path.parent().unwrap_or(root())).map_err(|e| format!("{name}: {e}"))?;
        if let Some(missing) = page.needs.iter().find(|program| !there(program)) {
            return Ok(Completion::ignored_with(format!("needs {missing}")));
        }
        look(&name, &page).map(|()| Completion::Completed)
    })
}

fn there(program: &str) -> bool {
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).exists())
}

/// The commands of a page that are run, with the line to report on failure.
enum Step<'a> {
    Lua(&'a Block),
    Hidden(&'a Block),
    Shown(&'a Block, pages::Command, bool),
}

fn look(name: &str, page: &Page) -> Result<(), String> {
    let (mut script, mut steps) = (opening(), Vec::new());
    for block in &page.blocks {
        match (block.language.as_str(), &block.skip) {
            (_, Some(reason)) => {
                SKIPPED.fetch_add(1, Ordering::Relaxed);
                println!("not run: {name}:{}: {reason}", block.line);
            }
            ("lua", None) => {
                CHECKED.fetch_add(1, Ordering::Relaxed);
                hidden(block, &mut script, &mut steps);
                script.push_str(&lua(block)?);
                steps.push(Step::Lua(block));
            }
            ("console", None) => {
                RUN.fetch_add(1, Ordering::Relaxed);
                console(block, &mut script, &mut steps);
            }
            _ => {}
        }
    }
    // A page without code.
    if steps.is_empty() {
        return Ok(());
    }
    let output = host::run(["/bin/sh", "-c", &script].map(Into::into).to_vec())?;
    judge(name, &steps, &String::from_utf8_lossy(&output.stdout), &String::from_utf8_lossy(&output.stderr))
}

fn opening() -> String {
    format!(
        "mkdir -p /tmp/bin /tmp/blocks /tmp/w && cd /tmp/w && ln -s {} /tmp/bin/tinylua || exit 99\nPATH=/tmp/bin:$PATH MANUAL={1}/docs/manual\n\
         cp {1}/docs/manual/*/*.lua .\n",
        host::PROGRAM,
        root().display()
    )
}

/// The hidden command before the block.
fn hidden<'a>(block: &'a Block, script: &mut String, steps: &mut Vec<Step<'a>>) {
    for command in &block.first {
        script.push_str(&step(command));
        steps.push(Step::Hidden(block));
    }
}

fn console<'a>(block: &'a Block, script: &mut String, steps: &mut Vec<Step<'a>>) {
    hidden(block, script, steps);
    let commands = block.commands();
    let last = commands.len();
    for (i, command) in commands.into_iter().enumerate() {
        script.push_str(&step(&command.text));
        steps.push(Step::Shown(block, command, block.fails && i + 1 == last));
    }
}

/// In the script's own shell, so that `cd` and variables affect later commands.
fn step(command: &str) -> String {
    format!("{{ {command}\n}} </dev/null 2>&1; printf '\\n{MARK}%d\\n' $?\n")
}

/// Writes the block to the file it names, or to one that no page uses, and checks it.
fn lua(block: &Block) -> Result<String, String> {
    // Omitted parts are comments; a fragment of a table is completed to a table.
    let text = block.text.replace('…', "--[[…]]");
    let machine = mlua::Lua::new();
    let whole = |text: &str| machine.load(text).into_function().is_ok();
    let inside = format!("return {{ {text}}}\n");
    let text = if !whole(&text) && whole(&inside) { inside } else { text };
    let named = block.text.lines().next().and_then(|line| line.strip_prefix("-- ")?.split([':', ' ']).next());
    let name = match named.filter(|name| name.ends_with(".lua")) {
        Some(name) => name.to_owned(),
        None => format!("/tmp/blocks/block-at-{}.lua", block.line),
    };
    if text.contains("\nEND-OF-BLOCK\n") {
        return Err(format!("line {}: the block contains the end marker of its here-document", block.line));
    }
    Ok(format!("cat > {name} <<'END-OF-BLOCK'\n{text}END-OF-BLOCK\n{}", step(&format!("tinylua check {name}"))))
}

fn judge(name: &str, steps: &[Step<'_>], out: &str, err: &str) -> Result<(), String> {
    let mut parts = out.split(MARK);
    let mut printed = parts.next().unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    for at in steps {
        let Some((status, next)) = parts.next().and_then(|part| part.split_once('\n')) else {
            return Err(format!("{name}: the page did not run to the end\n{out}\n{err}"));
        };
        let (block, what, fails) = match at {
            Step::Lua(block) => (block, "the Lua block".to_owned(), false),
            Step::Hidden(block) => (block, "what comes first".to_owned(), false),
            Step::Shown(block, command, fails) => (block, command.text.clone(), *fails),
        };
        let place = format!("{name}:{}: {what}", block.line);
        if fails != (status != "0") {
            wrong.push(format!("{place}: status {status}\n{printed}"));
        }
        if let Step::Shown(Block { varies: false, .. }, pages::Command { output: Some(shown), .. }, _) = at
            && let Some(difference) = pages::differs(shown, &printed)
        {
            wrong.push(format!("{place}: {difference}"));
        }
        printed = next.to_owned();
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("\n{}", wrong.join("\n\n"))) }
}

/// Checks that every link of a page leads to a file, and that every page of the manual is in its contents.
fn links() -> Result<(), String> {
    let (mut wrong, pages) = (Vec::new(), files(&root().join("docs/manual/src")));
    let mut listed = Vec::new();
    for page in pages.iter().chain([&root().join("README.md")]) {
        let (text, folder) =
            (std::fs::read_to_string(page).map_err(|e| e.to_string())?, page.parent().unwrap_or(root()));
        // Code may contain brackets.
        let prose: String = text.split("```").step_by(2).collect();
        for target in prose.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let path = folder.join(target);
            if !target.is_empty() && !target.contains("://") && !path.exists() {
                wrong.push(format!("{}: {target} does not exist", page.display()));
            }
            if page.ends_with("SUMMARY.md") {
                listed.push(path);
            }
        }
    }
    let unlisted = pages.iter().filter(|page| !page.ends_with("SUMMARY.md") && !listed.contains(page));
    wrong.extend(unlisted.map(|page| format!("{}: not in SUMMARY.md", page.display())));
    if wrong.is_empty() { Ok(()) } else { Err(format!("\n{}", wrong.join("\n"))) }
}

/// Checks that pages are parsed correctly and that differences are found.
fn reader() -> Result<(), String> {
    let text = "<!-- test: fails -->\n```console\n# a \\\n  b\n# c\none\n…\n```\n\n```lua\nx()\n```\n";
    let page = pages::read(text, root())?;
    let commands = page.blocks[0].commands();
    let texts: Vec<&str> = commands.iter().map(|command| command.text.as_str()).collect();
    assert_eq!(texts, ["a \\\n  b", "c"]);
    assert_eq!(commands[1].output, Some(vec!["one".to_owned(), "…".to_owned()]));
    assert!(page.blocks[0].fails && !page.blocks[1].fails && page.blocks[1].line == 11);
    let shown = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert!(pages::differs(&shown(&["one", "…"]), "one\ntwo\n").is_none());
    assert!(pages::differs(&shown(&["0123456789ab  up … ago"]), "fedcba987654  up 2 seconds ago\n").is_none());
    assert!(pages::differs(&shown(&["one"]), "two\n").is_some());
    assert!(pages::differs(&shown(&["one"]), "one\ntwo\n").is_some());
    assert!(pages::read("<!-- test: nothing -->\n", root()).is_err());
    Ok(())
}
