//! The exact error messages of the product. Each tests/messages/NAME.txt is a session: one shell in a private host runs
//! the lines `$ COMMAND`, and the output of each follows it, with `[STATUS]` if that is not 0. The messages can be
//! reviewed there, and each change shows in the diff. `BLESS=1 cargo test --test messages` rewrites the files.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test runner talks to the terminal")]

mod host;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Completion, Trial};

/// The start of lines that the harness itself prints in the shell.
const MARK: &str = "\u{1}";

/// `tinylua` is the program under test; `ordinary COMMAND` runs as an unprivileged user with its own home.
const PRELUDE: &str = r#"
exec 2>&1
mkdir -p /tmp/bin /tmp/home /tmp/w && ln -s "$0" /tmp/bin/tinylua && chown 65534:65534 /tmp/home && cd /tmp/w || exit 99
PATH=/tmp/bin:$PATH HOME=/tmp/home NO_COLOR=1 LC_ALL=C.UTF-8
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR
export PATH HOME NO_COLOR LC_ALL
ordinary() { setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- "$@"; }
"#;

fn main() -> ExitCode {
    host::main(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        files.sort();
        files.into_iter().map(session).collect::<Vec<Trial>>()
    })
}

fn session(path: PathBuf) -> Trial {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    host::trial(name, move || {
        let have = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
        let said = said(&have)?;
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, said).map_err(|e| e.to_string())?;
        } else if said != have {
            return Err(format!("{}: the output has changed:\n{}", path.display(), difference(&have, &said)));
        }
        Ok(Completion::Completed)
    })
}

/// The session with the current output of its commands; lines that begin with # are kept.
fn said(session: &str) -> Result<String, String> {
    let mut script = PRELUDE.to_owned();
    for line in session.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            script.push_str(&format!("{command}\necho \"{MARK}$?\"\n"));
        }
    }
    let output = host::run(["/bin/sh", "-c", &script, host::PROGRAM].map(Into::into).to_vec())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut results = text.split_inclusive('\n').collect::<Vec<_>>().into_iter();
    let mut out = String::new();
    for line in session.lines() {
        if line.starts_with('#') {
            out.push_str(&format!("{line}\n"));
        } else if line.starts_with("$ ") {
            out.push_str(&format!("{line}\n"));
            loop {
                let Some(result) = results.next() else { return Err(format!("{line}: the shell ended:\n{text}")) };
                match result.trim_end().rsplit_once(MARK) {
                    Some((before, status)) => {
                        let end = if before.is_empty() { "" } else { "\n" };
                        let status = if status == "0" { String::new() } else { format!("[{status}]\n") };
                        out.push_str(&format!("{}{end}{status}", settled(before)));
                        break;
                    }
                    None => out.push_str(&settled(result)),
                }
            }
        }
    }
    Ok(out)
}

/// Removes what differs between runs and hosts: ids of containers, the mount point of cgroup v2.
fn settled(line: &str) -> String {
    let line = line.replace("/sys/fs/cgroup/unified", "/sys/fs/cgroup");
    let is_id = |word: &str| word.len() == 12 && word.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let words = line.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    words
        .map(|word| {
            let (bare, end) = word.split_at(word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len());
            if is_id(bare) { format!("<id>{end}") } else { word.to_owned() }
        })
        .collect()
}

/// The lines that differ, each with the command that printed it.
fn difference(want: &str, got: &str) -> String {
    let common = want.lines().zip(got.lines()).take_while(|(a, b)| a == b).count();
    let command = want.lines().take(common + 1).filter(|line| line.starts_with("$ ")).last().unwrap_or_default();
    let shown = |text: &str| text.lines().skip(common).take(6).collect::<Vec<_>>().join("\n    ");
    format!("{command}\n  wanted:\n    {}\n  got:\n    {}", shown(want), shown(got))
}
