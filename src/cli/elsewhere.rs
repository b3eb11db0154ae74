//! Options that a command lacks but that exist in other engines' command of the same name. The script provides the
//! message (`elsewhere`), since a similar option here may mean something else (`--pid` and `--pids-limit`).

use clap::error::{ContextKind, ContextValue, ErrorKind};
use mlua::{Function, Table};

use crate::vm::Vm;
use crate::vm::registry::did_you_mean;

/// What to use instead of a command that other engines have.
pub fn command(vm: &Vm, name: &str) -> Option<String> {
    let require: Function = vm.lua().globals().get("require").ok()?;
    let known: Table = require.call("tiny.cli.unknown_commands").ok()?;
    known.get(name).ok()?
}

/// The closest name of a command that other engines have.
pub fn near(vm: &Vm, name: &str) -> Option<String> {
    let require: Function = vm.lua().globals().get("require").ok()?;
    let known: Table = require.call("tiny.cli.unknown_commands").ok()?;
    let names: Vec<String> = known.pairs::<String, String>().flatten().map(|(name, _)| name).collect();
    did_you_mean(name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// The error, with the script's message about the option instead of a suggestion.
pub fn told(mut error: clap::Error, script: &Table) -> clap::Error {
    let Some(said) = said(&error, script) else { return error };
    error.remove(ContextKind::SuggestedArg);
    error.remove(ContextKind::Usage);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![said.into()]));
    error
}

fn said(error: &clap::Error, script: &Table) -> Option<String> {
    let unknown = error.kind() == ErrorKind::UnknownArgument;
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg).filter(|_| unknown) else {
        return None;
    };
    let elsewhere: Function = script.get("elsewhere").ok()?;
    elsewhere.call(option.as_str()).ok()?
}
