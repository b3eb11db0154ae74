//! Runs every tests/lua/FAMILY/NAME.lua and every shipped recipe, each in a private host of its
//! own. A file is a test by being there: nothing is registered. A test passes when it ends with 0
//! and is skipped when it ends with 77 after printing `skip: reason`. A shipped recipe must do
//! something useful without arguments: that is how it is run.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test runner talks to the terminal")]

mod host;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::Trial;

fn main() -> ExitCode {
    host::main(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let families = entries(&root.join("tests/lua")).into_iter().filter(|path| path.is_dir());
        let tests = families.flat_map(|family| entries(&family)).filter(|path| is_lua(path)).map(test);
        let recipes = entries(&root.join("lua/recipes")).into_iter().filter(|path| is_lua(path)).map(recipe);
        tests.chain(recipes).collect()
    })
}

fn test(path: PathBuf) -> Trial {
    let family = path.parent().map(name).unwrap_or_default();
    host::trial(format!("{family}/{}", name(&path)), move || {
        let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
        host::verdict(&host::tinylua(["--lua-path", shared, "run", &path.to_string_lossy()])?)
    })
}

/// By its bare name: what is run is the copy inside the binary.
fn recipe(path: PathBuf) -> Trial {
    let name = name(&path);
    host::trial(format!("recipes/{name}"), move || host::verdict(&host::tinylua(["run", &format!("{name}.lua")])?))
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

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
