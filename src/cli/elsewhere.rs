//! Options that a command does not have and other engines' command of that name has: what is said of one is the
//! script's to know (`elsewhere`), since what looks alike here (`--pid` and `--pids-limit`) means something else.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use mlua::{Function, Table};

/// The error with what the script says of the option in the place of a guess.
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
