//! A command that is a group, such as `network`: its first argument names a script in the group's
//! directory, `scripts/network/create.lua`.

use std::ffi::OsString;

use clap::Command;
use clap::error::ErrorKind;
use mlua::Table;

use super::{End, overview};
use crate::vm::registry::did_you_mean;
use crate::vm::{Failure, Vm};

/// The chosen script of a group, with its full name.
pub struct Chosen {
    /// "network create".
    pub name: String,
    /// The table that the script returned.
    pub script: Table,
}

/// The script named by the first argument if `script` is a group; `None` if it is a command.
pub fn choose(vm: &Vm, name: &str, script: &Table, words: &[OsString]) -> Result<Option<Chosen>, End> {
    if script.raw_get::<Option<bool>>("group").ok().flatten() != Some(true) {
        return Ok(None);
    }
    let failed = |failure: Failure| End::Failed { failure, verbose: false };
    let word = words.first().and_then(|word| word.to_str()).unwrap_or("--help");
    if !word.starts_with('-')
        && let Some(script) = vm.command(&format!("{name}/{word}")).map_err(failed)?
    {
        return Ok(Some(Chosen { name: format!("{name} {word}"), script }));
    }
    let parser = || parser(name, script);
    if word == "--help" || word == "-h" || word == "help" {
        return Err(End::Help(overview::put(&parser().render_help().to_string(), vm.search(), name)));
    }
    let names = vm.search().names(&format!("scripts/{name}"));
    let tip = match did_you_mean(word, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `tinylua {name} {near}`?"),
        None => format!("`tinylua {name} --help` lists its commands"),
    };
    let text = format!("unknown command \"{name} {word}\"; {tip}");
    Err(parser().error(ErrorKind::InvalidSubcommand, text).into())
}

fn parser(name: &str, script: &Table) -> Command {
    let summary: String = script.get("summary").unwrap_or_default();
    let template = format!("{{about}}\n\n{{usage-heading}} {{usage}}\n\n{}{{after-help}}\n", overview::PLACE);
    Command::new(format!("tinylua {name}"))
        .about(summary)
        .override_usage(format!("tinylua {name} COMMAND [OPTIONS] [ARGS…]"))
        .after_help(format!("`tinylua {name} COMMAND --help` explains a command."))
        .help_template(template)
}
