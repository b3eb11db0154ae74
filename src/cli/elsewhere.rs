//! Options that a command lacks but that exist in other engines' command of the same name. The script provides the
//! message (`elsewhere`), since a similar option here may mean something else (`--pid` and `--pids-limit`).

use clap::error::{ContextKind, ContextValue, ErrorKind};
use mlua::{Function, Table};

use crate::vm::Vm;

/// What to use instead of a command that other engines have.
pub fn command(vm: &Vm, name: &str) -> Option<String> {
    let require: Function = vm.lua().globals().get("require").ok()?;
    require.call::<Table>("tiny.cli.unknown_commands").ok()?.get(name).ok()?
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
