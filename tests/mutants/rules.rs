//! The faults of tests/mutants/*.txt: parsing them, and applying one to a tree. A fault replaces a text that occurs
//! exactly once in its file.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A deliberate fault.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Fault {
    /// The layer, which is the name of its file: "store".
    pub layer: String,
    /// Its own name, a word: "update-without-lock".
    pub name: String,
    /// A description of what it breaks.
    pub breaks: String,
    /// The changed file, relative to the repository.
    pub file: String,
    /// The text to replace.
    pub old: String,
    /// The replacement.
    pub new: String,
    /// The tests that should detect it, "lua files/write_file", in the order in which they are run.
    pub tests: Vec<String>,
    /// Why no test can detect it; empty if one should.
    pub explained: String,
}

impl Fault {
    /// "store/update-without-lock".
    pub fn id(&self) -> String {
        format!("{}/{}", self.layer, self.name)
    }

    /// The text of its file with the fault.
    pub fn applied(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.old).count() {
            1 => Ok(text.replacen(&self.old, &self.new, 1)),
            count => Err(format!("its old text occurs {count} times in {}, not once", self.file)),
        }
    }
}

/// A layer: a file of faults, with the tests to run after the tests named by a fault.
#[derive(Default)]
pub struct Layer {
    /// The tests of the line "broad:".
    pub broad: Vec<String>,
    /// Its faults.
    pub faults: Vec<Fault>,
}

/// All layers, ordered by name.
pub fn layers() -> Result<Vec<Layer>, String> {
    let folder = Path::new(ROOT).join("tests/mutants");
    let listed = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        parse(&path.file_stem().unwrap_or_default().to_string_lossy(), &text)
    };
    paths.iter().map(read).collect()
}

/// Reads a layer's file. Its format is described in tests/soak/README.md.
pub fn parse(layer: &str, text: &str) -> Result<Layer, String> {
    let mut found = Layer::default();
    for (number, line) in text.lines().enumerate() {
        let wrong = |why: &str| format!("{layer}.txt:{}: {why}", number + 1);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(tests) = line.strip_prefix("broad: ") {
            found.broad.extend(split(tests));
            continue;
        }
        if let Some((name, breaks)) = line.strip_prefix("fault ").and_then(|rest| rest.split_once(": ")) {
            let (layer, name, breaks) = (layer.to_owned(), name.to_owned(), breaks.to_owned());
            found.faults.push(Fault { layer, name, breaks, ..Fault::default() });
            continue;
        }
        let Some(fault) = found.faults.last_mut() else { return Err(wrong("it belongs to no fault")) };
        let add = |text: &mut String, line: &str| {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
        };
        match line.split_once(' ') {
            Some(("in", file)) => fault.file = file.to_owned(),
            Some(("by", tests)) => fault.tests.extend(split(tests)),
            Some(("explained", why)) => add(&mut fault.explained, why),
            Some(("-", old)) => add(&mut fault.old, old),
            Some(("+", new)) => add(&mut fault.new, new),
            _ if line == "+" => {}
            _ => return Err(wrong("it begins with none of fault, in, by, explained, - and +")),
        }
    }
    Ok(found)
}

fn split(tests: &str) -> impl Iterator<Item = String> {
    tests.split(',').map(|test| test.trim().to_owned())
}
