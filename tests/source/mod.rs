//! The source tree for the house rules: files by directory, their code without comments, and a
//! report of all violations at once. It examines lines, not syntax: the rules can be checked line by
//! line.

pub mod modules;

use std::fmt;
use std::path::{Path, PathBuf};

/// The top of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file with its path relative to the repository.
pub struct File {
    pub name: String,
    pub text: String,
}

/// A line of a file.
#[derive(Clone)]
pub struct Place {
    file: String,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl File {
    /// The lines whose code, without comments, contains one of these words.
    pub fn code_with<'a>(&'a self, words: &'a [&'a str]) -> impl Iterator<Item = (Place, &'a str)> {
        let comment = if self.name.ends_with(".lua") { "--" } else { "//" };
        self.text.lines().enumerate().filter_map(move |(number, line)| {
            let code = line.split(comment).next().unwrap_or_default();
            let word = words.iter().find(|word| has_word(code, word))?;
            Some((Place { file: self.name.clone(), line: number + 1 }, *word))
        })
    }

    /// Whether the comment directly above a line, or above the statement that contains it, contains `text`.
    pub fn has_above(&self, at: &Place, text: &str) -> bool {
        let before: Vec<&str> = self.text.lines().take(at.line).collect();
        before.iter().rev().take(8).any(|line| line.contains(text))
    }

    /// The number of lines outside `const NAME: … = &[ … ];`: a table may be long.
    pub fn lines_outside_tables(&self) -> usize {
        let mut inside = false;
        let mut count = 0;
        for line in self.text.lines() {
            let opens = line.contains("const ") && line.ends_with("= &[") && !line.starts_with(' ');
            let closes = inside && line == "];";
            count += usize::from(!inside && !opens);
            inside = (inside || opens) && !closes;
        }
        count
    }

    /// The number of lines that are neither blank nor comments.
    pub fn code_lines(&self) -> usize {
        self.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--")).count()
    }
}

/// Whether `code` contains `word` as a whole word; its first and last characters determine what
/// a boundary is ("libc::" ends anywhere, "unsafe" not before "_fn").
fn has_word(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(part);
        let after = code[at + word.len()..].chars().next().is_some_and(part);
        let starts = word.starts_with(part) && !word.starts_with("print");
        let ends = word.ends_with(part);
        !(starts && before || ends && after)
    })
}

/// The files with this extension below a directory, sorted.
pub fn files(folder: &str, extension: &str) -> impl Iterator<Item = File> + use<> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    let extension = extension.to_owned();
    paths.into_iter().filter(move |p| p.extension().is_some_and(|e| *e == *extension)).map(|path| {
        let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
        File { name, text: std::fs::read_to_string(&path).unwrap_or_default() }
    })
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            collect(&entry.path(), paths);
        } else {
            paths.push(entry.path());
        }
    }
}

/// Fails with all violations, one per line.
pub fn report(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
