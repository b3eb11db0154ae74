//! Checks the session in docs/repl-session.md against the prompt: each of its inputs is entered, and the
//! output compared. A line `…` matches any lines, and a number any number.

use crate::pty::{EDITED, Prompt};

/// An input, and the lines of its output.
struct Step {
    input: String,
    answer: Vec<String>,
}

fn steps(text: &str) -> Vec<Step> {
    let lua = mlua::Lua::new();
    let compiles = |text: String| lua.load(text).into_function().is_ok();
    let whole = |input: &str| compiles(input.to_owned()) || compiles(format!("return {input}"));
    let mut steps: Vec<Step> = Vec::new();
    let mut shown = false;
    for line in text.lines() {
        if line.starts_with("```") {
            shown = line == "```console";
        } else if let Some(input) = line.strip_prefix("tiny> ").filter(|_| shown) {
            steps.push(Step { input: input.to_owned(), answer: Vec::new() });
        } else if let Some(step) = steps.last_mut().filter(|_| shown) {
            match whole(&step.input) {
                true => step.answer.push(line.to_owned()),
                false => step.input.push_str(&format!("\n{line}")),
            }
        }
    }
    steps
}

/// The line with each number as N, and without the padding that depends on its length.
fn plain(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        match c {
            '0'..='9' if out.ends_with('N') => {}
            '0'..='9' => out.push('N'),
            ' ' if out.ends_with(' ') => {}
            c => out.push(c),
        }
    }
    out.trim_end().to_owned()
}

/// Whether the lines match the pattern, in which "…" matches any number of lines.
fn fits(pattern: &[String], lines: &[String]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "…" => (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..])),
        Some((first, rest)) => lines.first() == Some(first) && fits(rest, &lines[1..]),
    }
}

#[test]
fn the_documented_session_is_true() {
    let home = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/repl-session.md"));
    let steps = steps(&text.expect("the session"));
    assert!(steps.len() > 5, "a session");
    let mut prompt = Prompt::start(home.path());
    for step in &steps {
        prompt.line(&step.input.replace('\n', "\r"));
        prompt.expect(&format!("{EDITED}\r\n"));
        if step.answer.first().is_some_and(|line| line.starts_with("^C")) {
            prompt.asleep();
            prompt.press("\x03");
        }
        let answer = prompt.expect("\x1b[?2004h").replace("\x1b[?2004h", "");
        prompt.expect("tiny> ");
        let lines: Vec<String> = answer.lines().map(plain).collect();
        let pattern: Vec<String> = step.answer.iter().map(|line| plain(line)).collect();
        assert!(fits(&pattern, &lines), "{}\n{answer}", step.input);
    }
}
