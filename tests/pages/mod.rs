//! Reads the code blocks of a Markdown page, each with its first line number and the test comments
//! before it. `{{#include PATH}}` is replaced by the file, as mdBook does.
//!
//! A comment `<!-- test: WORDS -->` right before a block means:
//! - `skip REASON`: it is not run, which is counted and printed;
//! - `first COMMAND`: a command run before it, not shown to readers;
//! - `output varies`: it runs, and its output is not compared;
//! - `fails`: its last command exits with a nonzero status.
//!
//! `<!-- test: needs PROGRAM… -->` anywhere skips the page on a machine without these.

use std::path::Path;

/// A code block.
#[derive(Default)]
pub struct Block {
    /// The line of its first line of code.
    pub line: usize,
    /// "lua", "console", or another word, or none.
    pub language: String,
    /// The code.
    pub text: String,
    /// Why it is not run.
    pub skip: Option<String>,
    /// The command run before it.
    pub first: Vec<String>,
    /// Whether its output is not compared.
    pub varies: bool,
    /// Whether its last command fails.
    pub fails: bool,
}

/// A page.
pub struct Page {
    /// The code blocks in order.
    pub blocks: Vec<Block>,
    /// The programs that the page needs.
    pub needs: Vec<String>,
}

/// A command of a console block, and its expected output.
#[derive(Debug, PartialEq)]
pub struct Command {
    /// The command line, possibly of several lines.
    pub text: String,
    /// The lines after it; `None` if the page shows none.
    pub output: Option<Vec<String>>,
}

/// Reads a page; `folder` is the base directory of its includes.
pub fn read(text: &str, folder: &Path) -> Result<Page, String> {
    let mut page = Page { blocks: Vec::new(), needs: Vec::new() };
    let (mut next, mut open): (Block, Option<Block>) = (Block::default(), None);
    for (number, line) in text.lines().enumerate() {
        if let Some(mut block) = open.take() {
            if line.trim_end() == "```" {
                page.blocks.push(block);
            } else {
                block.text.push_str(&included(line, folder)?);
                block.text.push('\n');
                open = Some(block);
            }
        } else if let Some(language) = line.strip_prefix("```") {
            let language = language.split(',').next().unwrap_or_default().trim().to_owned();
            open = Some(Block { line: number + 2, language, ..std::mem::take(&mut next) });
        } else if let Some(words) = line.strip_prefix("<!-- test: ").and_then(|rest| rest.strip_suffix(" -->")) {
            marked(&mut next, &mut page.needs, words).map_err(|e| format!("line {}: {e}", number + 1))?;
        } else if !line.trim().is_empty() {
            next = Block::default();
        }
    }
    match open {
        Some(block) => Err(format!("line {}: the code block has no end", block.line)),
        None => Ok(page),
    }
}

fn marked(block: &mut Block, needs: &mut Vec<String>, words: &str) -> Result<(), String> {
    match words.split_once(' ').unwrap_or((words, "")) {
        ("skip", reason) if !reason.is_empty() => block.skip = Some(reason.to_owned()),
        ("first", command) if !command.is_empty() => block.first.push(command.to_owned()),
        ("output", "varies") => block.varies = true,
        ("fails", "") => block.fails = true,
        ("needs", programs) => needs.extend(programs.split(' ').map(str::to_owned)),
        _ => return Err(format!("nobody knows \"test: {words}\"")),
    }
    Ok(())
}

fn included(line: &str, folder: &Path) -> Result<String, String> {
    let Some(path) = line.trim().strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}")) else {
        return Ok(line.to_owned());
    };
    let text = std::fs::read_to_string(folder.join(path)).map_err(|e| format!("{path}: {e}"))?;
    Ok(text.trim_end().to_owned())
}

impl Block {
    /// The commands of a console block: a line with a prompt starts one, lines with `> ` and lines after a
    /// backslash continue it; all other lines are its output.
    pub fn commands(&self) -> Vec<Command> {
        let mut commands: Vec<Command> = Vec::new();
        for line in self.text.lines() {
            if let Some(text) = line.strip_prefix("# ").or_else(|| line.strip_prefix("$ ")) {
                commands.push(Command { text: text.to_owned(), output: None });
                continue;
            }
            let Some(last) = commands.last_mut() else { continue };
            match line.strip_prefix("> ").filter(|_| last.output.is_none()) {
                Some(more) => last.text.push_str(&format!("\n{more}")),
                None if last.output.is_none() && last.text.ends_with('\\') => last.text.push_str(&format!("\n{line}")),
                None => last.output.get_or_insert_default().push(line.to_owned()),
            }
        }
        commands
    }
}

/// The first difference between the output and the page. On a page, `…` matches any text, or any lines if it is
/// alone on a line; an id of twelve hexadecimal digits matches any such id.
pub fn differs(shown: &[String], printed: &str) -> Option<String> {
    let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    (!lines_fit(shown, &printed))
        .then(|| format!("the page shows\n{}\nprinted is\n{}", shown.join("\n"), printed.join("\n")))
}

fn lines_fit(shown: &[String], printed: &[&str]) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "…" => {
            lines_fit(rest, printed) || (!printed.is_empty() && lines_fit(shown, &printed[1..]))
        }
        (Some((first, rest)), Some((line, others))) => fits(&ids(first), &ids(line)) && lines_fit(rest, others),
        _ => false,
    }
}

fn fits(shown: &str, line: &str) -> bool {
    match shown.split_once('…') {
        None => shown.trim_end() == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(i, _)| i).chain([rest.len()]).any(|i| fits(after, &rest[i..]))
        }),
    }
}

/// With `ID` for each id.
fn ids(line: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\0']) {
        if c.is_alphanumeric() {
            word.push(c);
            continue;
        }
        let id = word.len() == 12 && word.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
        out.push_str(if id { "ID" } else { &word });
        word.clear();
        out.extend((c != '\0').then_some(c));
    }
    out
}
