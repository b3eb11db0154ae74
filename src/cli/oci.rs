//! `tinylua-oci`, the same program under another name: the command line by which engines call an OCI runtime. Its global
//! options differ from those of `tinylua`, and an error is also written to the file of `--log`, where engines read it.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::globals::{Globals, trace_arg};
use super::{End, machine, seal_early};
use crate::log;
use crate::sys::{clock, title};
use crate::vm::files::SearchPath;
use crate::vm::trace::Wanted;

/// The name by which the program is an OCI runtime.
pub const NAME: &str = "tinylua-oci";

/// Where an error is written besides standard error.
#[derive(Default)]
struct Report {
    file: Option<PathBuf>,
    json: bool,
}

/// Whether the program was called as an OCI runtime.
pub fn called(argv: &[OsString]) -> bool {
    argv.first().is_some_and(|name| Path::new(name).file_name() == Some(OsStr::new(NAME)))
}

/// Runs a command line of an OCI runtime; its first word is the program's name.
pub fn run(argv: &[OsString]) -> Result<u8, End> {
    let mut report = Report::default();
    let mut end = dispatch(argv, &mut report);
    if let Err(End::Failed { failure, .. }) = &mut end {
        // Where a shipped file called the primitive is for whoever develops it.
        let at = failure.value.as_ref().and_then(|value| value.raw_get::<String>("at").ok());
        let at = at.filter(|at| at.starts_with("lua/"));
        let text = at.and_then(|at| failure.text.strip_prefix(&format!("{at}: "))).unwrap_or(&failure.text);
        failure.text = plain(text);
        report.write(&failure.text);
    }
    if let Err(End::Clap(error)) = &end
        && error.use_stderr()
    {
        report.write(error.to_string().trim_start_matches("error: ").lines().next().unwrap_or_default());
    }
    end
}

/// An error without the control characters that names in a bundle may contain: they would end its line, or reach the engine's terminal.
fn plain(text: &str) -> String {
    let mut parts = text.split('\n');
    let mut found = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // The hint and the failures of the clean-up are indented.
        found.push_str(if part.starts_with("  ") { "\n" } else { "\\n" });
        found.push_str(part);
    }
    let shown = |c: char| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.to_string() };
    found.chars().map(shown).collect()
}

fn dispatch(argv: &[OsString], report: &mut Report) -> Result<u8, End> {
    let matches = parser().try_get_matches_from(argv)?;
    report.file = matches.get_one::<OsString>("log").map(PathBuf::from).filter(|path| !path.as_os_str().is_empty());
    report.json = matches.get_one::<String>("log-format").is_some_and(|format| format == "json");
    let mut globals = Globals::from_environment()?;
    add(&mut globals, &matches, report);
    if matches.get_flag("version") {
        return Err(End::Help(version()));
    }
    let (name, rest) = match matches.subcommand() {
        Some((name, rest)) => (name, rest.get_many::<OsString>("").into_iter().flatten().cloned().collect::<Vec<_>>()),
        None if matches.contains_id("install") => {
            ("install", matches.get_many::<OsString>("install").into_iter().flatten().cloned().collect())
        }
        None => ("--help", Vec::new()),
    };
    // The words may be those of a program: no option among them leads to other Lua files.
    let search = SearchPath::new(&globals.lua_path);
    let words: Vec<OsString> = std::iter::once(OsString::from(name)).chain(rest).collect();
    seal_early(&format!("oci/{name}"), &search);
    // The name of a process of ours is seen in the container.
    let _ = title::set(NAME.as_bytes());
    let verbose = globals.verbose;
    let vm = machine(&globals, search).map_err(|failure| End::Failed { failure, verbose })?;
    let end = super::invoke(&vm, "oci", &words, &mut globals);
    std::mem::forget(vm);
    end
}

/// What go-runc, which Docker and containerd use, reads.
fn version() -> String {
    format!("tinylua version {}\ncommit: unknown\nspec: {SPEC}\n", env!("CARGO_PKG_VERSION"))
}

/// The version of the runtime specification.
const SPEC: &str = "1.3.0";

fn add(globals: &mut Globals, matches: &ArgMatches, report: &Report) {
    if let Some(root) = matches.get_one::<OsString>("root").filter(|root| !root.is_empty()) {
        let absolute = std::path::absolute(root).unwrap_or_else(|_| root.into());
        globals.root = Some(absolute.to_string_lossy().into_owned());
    }
    globals.trace = matches.get_one::<Wanted>("trace").cloned();
    let asked = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    let level = if asked("debug") == Some("true") { Some("debug") } else { asked("log-level") };
    let level = level.and_then(|level| log::level(level).ok()).filter(|level| *level > log::level_of_warnings());
    // Without --log, warnings of these commands would be on the container's standard error.
    let shared = matches!(matches.subcommand_name(), Some("create" | "exec"));
    let file = report.file.clone().or_else(|| (shared && level.is_none()).then(|| PathBuf::from("/dev/null")));
    let format = if report.json { log::Format::Json } else { log::Format::Text };
    globals.log.add(log::Wanted { level, format: Some(format), file });
    for (name, setting) in [
        ("systemd-cgroup", "systemd_cgroup"),
        ("cgroup-manager", "cgroup_manager"),
        ("rootless", "rootless"),
        ("criu", "criu"),
    ] {
        globals.more.extend(asked(name).map(|value| (setting, value.to_owned())));
    }
    globals.more.push(("spec_version", SPEC.to_owned()));
}

fn parser() -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let path = |name, value, help| text(name, value, help).value_parser(OsStringValueParser::new());
    let truth = |name, help| {
        text(name, "BOOL", help)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(["true", "false"])
    };
    Command::new(NAME)
        .about("The OCI runtime of tinylua: called by podman, Docker, containerd and CRI-O")
        .override_usage("tinylua-oci [OPTIONS] COMMAND [OPTIONS] [ARGS…]")
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(OsStringValueParser::new())
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .after_help("`tinylua-oci` without arguments lists the commands, `tinylua-oci COMMAND --help` explains one.")
        .args([
            path(
                "root",
                "DIR",
                "Keep the state of containers in DIR [default: /run/tinylua-oci, or $XDG_RUNTIME_DIR/tinylua-oci]",
            ),
            path("log", "FILE", "Append errors and diagnostics to FILE"),
            text("log-format", "FORMAT", "Format of the log: text or json").value_parser(["text", "json"]),
            text("log-level", "LEVEL", "The least severe level of diagnostics: error, warn, info, debug or trace"),
            truth("debug", "Write diagnostics of the level debug"),
            truth("systemd-cgroup", "Let systemd create the cgroup"),
            text("cgroup-manager", "MANAGER", "cgroupfs, systemd or disabled")
                .value_parser(["cgroupfs", "systemd", "disabled"]),
            text(
                "rootless",
                "WHEN",
                "Do without the cgroups that an unprivileged user may not create: true, false or auto",
            )
            .value_parser(["true", "false", "auto"]),
            text("criu", "PATH", "The program criu"),
            trace_arg(),
            path("install", "DIR", "Create the link tinylua-oci to this program in DIR [default: beside it]")
                .num_args(0..=1),
            Arg::new("version").long("version").short('v').action(ArgAction::SetTrue).help("Print the version"),
        ])
}

impl Report {
    /// Appends an error to the log, in the form that engines read: the message is one line.
    fn write(&self, text: &str) {
        let Some(path) = self.file.as_ref().filter(|_| !text.is_empty()) else { return };
        let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let message = text.replacen("\n  hint: ", "; ", 1).replace('\n', " ");
        let line = match self.json {
            true => serde_json::json!({ "level": "error", "msg": message, "time": clock::timestamp() }).to_string(),
            false => format!("time=\"{}\" level=error msg={message:?}", clock::timestamp()),
        };
        let _ = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    }
}
