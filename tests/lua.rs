//! Runs every tests/lua/FAMILY/NAME.lua and every shipped recipe, each in its own private host. Every file there
//! is a test, without registration; tests/cases lists tests that reuse another test's file with other arguments. A
//! test passes if it exits with 0 and is skipped if it exits with 77 after printing `skip: reason`. A shipped recipe
//! is run without arguments, and must do something useful.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test runner talks to the terminal")]

mod cases;
mod host;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::{Completion, Trial};

/// The exit status of a test whose requirements are missing; it prints `skip: reason`.
const SKIPPED: i32 = 77;

/// The directory whose lua/ contains the modules shared by tests.
const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

/// The number of calls that the fault walks made fail or die, in all passed tests.
static WALKED: AtomicU32 = AtomicU32::new(0);

fn main() -> ExitCode {
    let ended = host::main(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let families = entries(&root.join("tests/lua")).into_iter().filter(|path| path.is_dir());
        let tests = families.flat_map(|family| entries(&family)).filter(|path| is_lua(path)).map(test);
        let shipped = entries(&root.join("lua/recipes")).into_iter().filter(|path| is_lua(path));
        // A topology is started with `up`, not `run`: see scenarios/topology*.
        let recipes = shipped.filter(|path| !is_topology(path)).map(recipe);
        let mut all: Vec<Trial> = tests.chain(cases::all().into_iter().map(case)).chain(recipes).collect();
        all.sort_by_key(|trial| cases::turn(trial.name()));
        all
    });
    if let walked @ 1.. = WALKED.load(Ordering::Relaxed) {
        println!("fault points walked: {walked}");
    }
    ended
}

fn test(path: PathBuf) -> Trial {
    let family = path.parent().map(name).unwrap_or_default();
    host::trial(format!("{family}/{}", name(&path)), move || {
        run(&["--lua-path", SHARED, "run", &path.to_string_lossy()])
    })
}

/// A test without its own file.
fn case(case: cases::Case) -> Trial {
    host::trial(case.name, move || {
        let recipe = format!("{SHARED}/lua/{}", case.recipe);
        let words = ["--lua-path", SHARED, "run", &recipe].into_iter();
        run(&words.chain(case.arguments.iter().map(String::as_str)).collect::<Vec<_>>())
    })
}

/// By its bare name, so that the copy in the binary is run.
fn recipe(path: PathBuf) -> Trial {
    let name = name(&path);
    host::trial(format!("recipes/{name}"), move || run(&["run", &format!("{name}.lua")]))
}

fn run(args: &[&str]) -> Result<Completion, String> {
    let program = [host::PROGRAM, "--root", "/var/lib/tinylua"];
    verdict(&host::run(program.iter().chain(args).map(Into::into).collect())?)
}

/// The result of a test: passed, skipped with a reason, or failed with its output.
fn verdict(output: &Output) -> Result<Completion, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    match output.status.code() {
        Some(0) => {
            let walked = out.lines().filter_map(|line| line.strip_prefix("fault points walked: ")?.parse::<u32>().ok());
            WALKED.fetch_add(walked.sum(), Ordering::Relaxed);
            Ok(Completion::Completed)
        }
        Some(SKIPPED) => match out.lines().find_map(|line| line.strip_prefix("skip: ")) {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => Err(format!("status {SKIPPED} without a line \"skip: reason\"\n{out}{err}")),
        },
        _ => Err(format!("{}\n{out}{err}", output.status)),
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn is_lua(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "lua")
}

fn is_topology(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.contains("require \"tiny.topology\""))
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
