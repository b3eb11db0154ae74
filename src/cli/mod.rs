//! The command line: global flags, then a clap parser built from the options that a script declares.
//! Only this module converts the arguments to a Lua table.

use std::ffi::OsString;

use clap::Command;
use clap::builder::OsStringValueParser;
use mlua::{Function, MultiValue, Value};

mod elsewhere;
mod globals;
mod group;
mod oci;
mod overview;
mod plain;
mod spec;

use globals::{Globals, global_args};
use spec::Spec;

use crate::log;
use crate::prim::PRIMITIVES;
use crate::sys::{interrupt, title};
use crate::vm::files::{Embedded, SearchPath, embedded};
use crate::vm::registry::did_you_mean;
use crate::vm::{Failure, Options, Vm, child, trace};

/// Usage errors.
const USAGE: u8 = 2;

/// The result of a run of the program: its last output and exit status.
pub enum End {
    /// The command ended with this status.
    Status(u8),
    /// The requested help.
    Help(String),
    /// Output of clap: a command's help, the version, or a usage error.
    Clap(clap::Error),
    /// It failed.
    Failed {
        /// The failure.
        failure: Failure,
        /// Whether `-v` requests the traceback.
        verbose: bool,
    },
}

impl From<clap::Error> for End {
    fn from(error: clap::Error) -> End {
        End::Clap(error)
    }
}

/// Runs the program.
pub fn run(argv: Vec<OsString>) -> End {
    match dispatch(argv) {
        Ok(status) => End::Status(status),
        Err(end) => end,
    }
}

fn dispatch(argv: Vec<OsString>) -> Result<u8, End> {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, MissingSubcommand};
    log::claim();
    if oci::called(&argv) {
        return oci::run(&argv);
    }
    let globals = Globals::from_environment()?;
    // The common case, a command first, needs no parser for global flags before it.
    if let [_, name, rest @ ..] = &argv[..]
        && let Some(name) = name.to_str().filter(|n| !n.starts_with('-') && !n.is_empty() && *n != "help")
    {
        return run_command(name, rest, globals);
    }
    let matches = match top().try_get_matches_from(&argv) {
        Err(e) if matches!(e.kind(), DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand) => {
            let mut globals = globals;
            globals.add_all_lua_paths(argv.get(1..).unwrap_or_default());
            return Err(End::Help(help_with_commands(&globals)));
        }
        Err(e) if e.kind() == MissingSubcommand => {
            return Err(top().error(MissingSubcommand, "no command given").into());
        }
        matches => matches?,
    };
    let mut globals = globals;
    globals.add(&matches);
    let Some((name, rest)) = matches.subcommand() else { return Err(End::Help(help_with_commands(&globals))) };
    let rest: Vec<OsString> = rest.get_many::<OsString>("").into_iter().flatten().cloned().collect();
    if name == "help" {
        return match rest.first().and_then(|n| n.to_str()) {
            Some(command) => run_command(command, &help_words(command, &rest[1..], &globals), globals),
            None => Err(End::Help(help_with_commands(&globals))),
        };
    }
    run_command(name, &rest, globals)
}

/// The arguments for a command's help: `help network create` explains the command of a group. No other
/// argument is passed on, since `run sh --help` would run a program.
fn help_words(command: &str, words: &[OsString], globals: &Globals) -> Vec<OsString> {
    let group = !SearchPath::new(&globals.lua_path).names(&format!("scripts/{command}")).is_empty();
    let kept = if group { words.first().cloned() } else { None };
    kept.into_iter().chain([OsString::from("--help")]).collect()
}

fn run_command(name: &str, rest: &[OsString], mut globals: Globals) -> Result<u8, End> {
    // Flags after the command's name may change the search path of its script, so they are read
    // before it is parsed.
    globals.add_lua_paths(rest);
    let fail = |failure: Failure, verbose: bool| End::Failed { failure, verbose };
    if name == "oci" && rest.first().is_some_and(|word| word != "--help" && word != "-h") {
        let name = [OsString::from(oci::NAME)];
        return oci::run(&[&name[..], rest].concat());
    }
    let search = SearchPath::new(&globals.lua_path);
    if matches!(name, "container" | "version") && !overview::names(&search, "scripts").iter().any(|own| own == name) {
        match (name, rest) {
            ("version", []) => {
                return top().try_get_matches_from(["tinylua", "--version"]).map(|_| 0).map_err(Into::into);
            }
            ("container", [word, rest @ ..]) => {
                let word = word.to_str().filter(|word| !word.starts_with('-')).map(|word| match word {
                    "ls" | "list" => "ps",
                    word => word,
                });
                if let Some(word) = word.filter(|word| *word != name) {
                    return run_command(word, rest, globals);
                }
            }
            _ => {}
        }
    }
    seal_early(name, &search);
    // The arguments may be secret (`-e PASSWORD=…`), and every user of the host can read them while this runs.
    let _ = title::set(format!("tinylua: {name}").as_bytes());
    let vm = machine(&globals, search).map_err(|f| fail(f, globals.verbose))?;
    let end = invoke(&vm, name, rest, &mut globals);
    // The process ends: freeing each Lua object first would take longer than some commands.
    std::mem::forget(vm);
    end
}

/// Runs a command in an existing machine, whose settings change only as the arguments specify.
pub fn command(vm: &Vm, name: &str, words: &[OsString]) -> Result<u8, End> {
    invoke(vm, name, words, &mut Globals { kept: true, ..Globals::default() })
}

fn invoke(vm: &Vm, name: &str, rest: &[OsString], globals: &mut Globals) -> Result<u8, End> {
    let fail = |failure: Failure, verbose: bool| End::Failed { failure, verbose };
    let (first, words) = (name, rest);
    let Some(script) = vm.command(name).map_err(|f| fail(f, globals.verbose))? else {
        // The command is in a folder that is named after other words of it.
        return match !globals.kept && globals.add_all_lua_paths(rest) {
            true => elsewhere_in(first, words, globals),
            false => Err(unknown_command(vm, name).into()),
        };
    };
    let chosen = group::choose(vm, name, &script, rest).map_err(|end| match end {
        End::Failed { failure, .. } => fail(failure, globals.verbose),
        end => end,
    })?;
    let (name, script, rest) = match &chosen {
        Some(chosen) => (chosen.name.as_str(), chosen.script.clone(), &rest[1..]),
        None => (name, script, rest),
    };
    let args = match plain::table(vm.lua(), name, &script, rest).map_err(|f| fail(f, false))? {
        Some(args) => args,
        None => {
            let spec = Spec::of(name, &script).map_err(|f| fail(f, false))?;
            let matches = spec.parse(rest).map_err(|e| elsewhere::told(e, &script))?;
            let known = globals.lua_path.len();
            globals.add(&matches);
            // The option came after a word that could have been a program's. Nothing has been done yet.
            if globals.lua_path.len() > known && !globals.kept {
                return elsewhere_in(first, words, globals);
            }
            spec.table(vm.lua(), &matches).map_err(|f| fail(f, globals.verbose))?
        }
    };
    let run = || -> Result<u8, Failure> {
        log::start(&globals.log).map_err(|e| Failure { exit: USAGE, ..Failure::plain(format!("--log: {e}")) })?;
        if let Some(wanted) = &globals.trace {
            trace::start(wanted).map_err(|e| Failure::plain(format!("--trace: {e}")))?;
        }
        if !globals.kept || globals.root.is_some() {
            vm.set_settings(&globals.settings()).map_err(|e| Failure::plain(e.to_string()))?;
        }
        let function: Function =
            script.get("run").map_err(|_| Failure::plain(format!("{name}.lua: the returned table has no function \"run\"\n  hint: `tinylua init command` writes a template")))?;
        // A supervisor runs for a long time in this call: unneeded values are left to Lua's collector.
        drop(script);
        let results = vm.call(function, MultiValue::from_vec(vec![Value::Table(args)])).map_err(ended_by_signal)?;
        let result = results.front().unwrap_or(&Value::Nil);
        child::status_of(result).ok_or_else(|| {
            let shown = crate::vm::format::value(result);
            Failure::plain(format!("{name} returned {shown}, which is not an exit status\n  hint: {}", child::STATUSES))
        })
    };
    let end = run().map_err(|f| fail(f, globals.verbose));
    let traced = trace::finish(vm.lua()).map_err(|f| fail(f, globals.verbose));
    end.and_then(|status| traced.map(|()| status))
}

/// Runs the command in a new machine, whose search path has become longer.
fn elsewhere_in(name: &str, rest: &[OsString], globals: &mut Globals) -> Result<u8, End> {
    let search = SearchPath::new(&globals.lua_path);
    seal_early(name, &search);
    let verbose = globals.verbose;
    let vm = machine(globals, search).map_err(|failure| End::Failed { failure, verbose })?;
    let end = invoke(&vm, name, rest, globals);
    std::mem::forget(vm);
    end
}

/// The status of a recipe that a signal has ended.
fn ended_by_signal(failure: Failure) -> Failure {
    let exit = interrupt::caught().map_or(failure.exit, |signal| 128 + signal as u8);
    Failure { exit, ..failure }
}

/// A command that enters a container first re-executes itself, once, from a copy that cannot be written; before
/// anything else, so that nothing is done twice. Of the shipped scripts those with `seal = true` enter containers; user
/// scripts may, so all of them are re-executed. If this fails, the call that enters a container reports the error.
fn seal_early(name: &str, search: &SearchPath) {
    let script = format!("{name}.lua");
    let shipped = match search.read("scripts", &script) {
        Ok(Some(source)) if source.bytecode => embedded("scripts", &script),
        Ok(Some(_)) => None,
        _ => return,
    };
    if shipped.is_none_or(Embedded::seal) {
        let _ = crate::sys::cloned_binary::seal();
    }
}

fn machine(globals: &Globals, search: SearchPath) -> Result<Vm, Failure> {
    let options = Options { search, settings: globals.settings() };
    Vm::new(options, &PRIMITIVES).map_err(|e| Failure::plain(e.to_string()))
}

fn top() -> Command {
    Command::new("tinylua")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A container runtime that you program")
        .override_usage("tinylua [OPTIONS] COMMAND [ARGS…]")
        .args(global_args())
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(OsStringValueParser::new())
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .after_help("`tinylua COMMAND --help` explains a command, `tinylua doc NAME` a primitive.")
}

/// The top help with a line per command.
fn help_with_commands(globals: &Globals) -> String {
    let template =
        format!("{{about}}\n\n{{usage-heading}} {{usage}}\n\n{}\n\n{{all-args}}{{after-help}}\n", overview::PLACE);
    let help = top().help_template(template).render_help().to_string();
    overview::put(&help, &SearchPath::new(&globals.lua_path), "")
}

/// The error for a word that is no command: other engines' words come before similar ones.
fn unknown_command(vm: &Vm, name: &str) -> clap::Error {
    let names = overview::names(vm.search(), "scripts");
    let near = || did_you_mean(name, names.iter().map(String::as_str));
    let tip = match (elsewhere::command(vm, name), near()) {
        (Some(other), _) => other,
        (None, Some(near)) => format!("did you mean `tinylua {near}`?"),
        (None, None) if let Some(other) = elsewhere::near(vm, name).and_then(|near| elsewhere::command(vm, &near)) => {
            other
        }
        (None, None) => "`tinylua --help` lists the commands".to_owned(),
    };
    top().error(clap::error::ErrorKind::InvalidSubcommand, format!("unknown command {name:?}; {tip}"))
}

/// The exit status of a usage error.
pub fn usage_status(error: &clap::Error) -> u8 {
    match error.kind() {
        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => 0,
        _ => USAGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::files::embedded_names;

    #[test]
    fn the_commands_that_seal_are_those_that_say_so() {
        let vm = Vm::new(Options::default(), &PRIMITIVES).expect("a machine");
        let says = |name: &String| {
            let Ok(Some(script)) = vm.command(name) else { panic!("{name} does not load") };
            script.get::<Option<bool>>("seal").expect("a boolean").unwrap_or(false)
        };
        let known = |name: &String| embedded("scripts", &format!("{name}.lua")).is_some_and(Embedded::seal);
        let names: Vec<String> = embedded_names("scripts").collect();
        assert!(names.iter().filter(|name| known(name)).count() > 3);
        for name in &names {
            assert_eq!(says(name), known(name), "{name}");
        }
        let hidden = |name: &&String| embedded("scripts", &format!("{name}.lua")).is_some_and(Embedded::hidden);
        assert_eq!(names.iter().filter(hidden).collect::<Vec<_>>(), ["complete"]);
    }
}
