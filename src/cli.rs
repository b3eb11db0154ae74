//! The command line: global flags, then a clap parser made from the options that a script declares.
//! What a user typed becomes one Lua table here, and nowhere else.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use mlua::{Function, Lua, MultiValue, Table, Value};

use crate::vm::files::SearchPath;
use crate::vm::registry::did_you_mean;
use crate::vm::trace::Style;
use crate::vm::{Failure, Options, Vm, child, trace, units};

/// Usage errors.
const USAGE: u8 = 2;

/// What a run of the program printed last and its exit status.
pub enum End {
    /// The command ended with this status.
    Status(u8),
    /// The help that was asked for.
    Help(String),
    /// clap has something to print: a command's help, the version, or a usage error.
    Clap(clap::Error),
    /// It failed.
    Failed {
        /// The failure.
        failure: Failure,
        /// Whether `-v` asks for the traceback.
        verbose: bool,
    },
}

impl From<clap::Error> for End {
    fn from(error: clap::Error) -> End {
        End::Clap(error)
    }
}

/// The flags that every command takes, before or after its name.
#[derive(Default)]
struct Globals {
    root: Option<String>,
    lua_path: Vec<PathBuf>,
    trace: Option<Style>,
    verbose: bool,
}

/// Runs the program.
pub fn run(argv: Vec<OsString>) -> End {
    match dispatch(argv) {
        Ok(status) => End::Status(status),
        Err(end) => end,
    }
}

fn dispatch(argv: Vec<OsString>) -> Result<u8, End> {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand};
    let matches = match top().try_get_matches_from(&argv) {
        Err(e) if matches!(e.kind(), DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand) => {
            return Err(End::Help(help_with_commands()));
        }
        matches => matches?,
    };
    let mut globals = Globals::default();
    globals.add(&matches);
    let Some((name, rest)) = matches.subcommand() else { return Err(End::Help(help_with_commands())) };
    let rest: Vec<OsString> = rest.get_many::<OsString>("").into_iter().flatten().cloned().collect();
    if name == "help" {
        return match rest.first().and_then(|n| n.to_str()) {
            Some(command) => run_command(command, &[OsString::from("--help")], globals),
            None => Err(End::Help(help_with_commands())),
        };
    }
    run_command(name, &rest, globals)
}

fn run_command(name: &str, rest: &[OsString], mut globals: Globals) -> Result<u8, End> {
    // The flags after the command's name may change where its script is found, and so must be
    // known before it is parsed.
    globals.add_lua_paths(rest);
    let fail = |failure: Failure, verbose: bool| End::Failed { failure, verbose };
    let vm = machine(&globals).map_err(|f| fail(f, globals.verbose))?;
    let Some(script) = vm.command(name).map_err(|f| fail(f, globals.verbose))? else {
        return Err(unknown_command(name, vm.search()).into());
    };
    let spec = Spec::of(name, &script).map_err(|f| fail(f, false))?;
    let words = std::iter::once(OsString::from(name)).chain(rest.iter().cloned());
    let matches = spec.parser().try_get_matches_from(words)?;
    globals.add(&matches);
    let run = || -> Result<u8, Failure> {
        if let Some(style) = globals.trace {
            trace::start(style).map_err(|e| Failure::plain(e.to_string()))?;
        }
        vm.set_settings(&globals.settings()).map_err(|e| Failure::plain(e.to_string()))?;
        let args = spec.table(vm.lua(), &matches)?;
        let function: Function =
            script.get("run").map_err(|_| Failure::plain(format!("{name}.lua has no function \"run\"")))?;
        let results = vm.call(&function, MultiValue::from_vec(vec![Value::Table(args)]))?;
        Ok(results.front().map_or(0, child::status_of))
    };
    run().map_err(|f| fail(f, globals.verbose))
}

fn machine(globals: &Globals) -> Result<Vm, Failure> {
    let options = Options { search: SearchPath::new(&globals.lua_path), settings: globals.settings() };
    Vm::new(options).map_err(|e| Failure::plain(e.to_string()))
}

impl Globals {
    fn add(&mut self, matches: &ArgMatches) {
        let path = |v: &OsString| PathBuf::from(v);
        if let Some(root) = matches.get_one::<OsString>("root") {
            let absolute = std::path::absolute(root).unwrap_or_else(|_| path(root));
            self.root = Some(absolute.to_string_lossy().into_owned());
        }
        for dir in matches.get_many::<OsString>("lua-path").into_iter().flatten().map(path) {
            if !self.lua_path.contains(&dir) {
                self.lua_path.push(dir);
            }
        }
        if let Some(style) = matches.get_one::<String>("trace") {
            self.trace = Some(if style == "json" { Style::Json } else { Style::Text });
        }
        self.verbose |= matches.get_flag("verbose");
    }

    fn add_lua_paths(&mut self, rest: &[OsString]) {
        for (i, word) in rest.iter().enumerate().take_while(|(_, w)| *w != "--") {
            let inline = word.as_bytes().strip_prefix(b"--lua-path=").map(OsStr::from_bytes);
            let next = || rest.get(i + 1).filter(|_| word == "--lua-path").map(OsString::as_os_str);
            if let Some(dir) = inline.or_else(next) {
                self.lua_path.push(dir.into());
            }
        }
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        settings.extend(self.root.clone().map(|root| ("root", root)));
        settings.extend(self.verbose.then(|| ("verbose", "yes".to_owned())));
        settings
    }
}

fn global_args() -> [Arg; 4] {
    let path =
        |name: &'static str| Arg::new(name).long(name).value_name("DIR").value_parser(OsStringValueParser::new());
    [
        path("root").help("Keep all state below DIR [default: /var/lib/tinylua and /run/tinylua]"),
        path("lua-path").action(ArgAction::Append).help("Let DIR/scripts and DIR/lua override the shipped Lua"),
        Arg::new("trace")
            .long("trace")
            .value_name("STYLE")
            .value_parser(["text", "json"])
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("text")
            .help("Print each primitive as it happens"),
        Arg::new("verbose")
            .long("verbose")
            .short('v')
            .action(ArgAction::SetTrue)
            .help("Show the Lua traceback of an error"),
    ]
    .map(|arg| arg.help_heading("Global options"))
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

/// The top help with a line per command; only here are all the scripts read.
fn help_with_commands() -> String {
    let mut commands = String::new();
    let vm = machine(&Globals::default());
    for name in SearchPath::new(&[]).names("scripts") {
        let script = vm.as_ref().ok().and_then(|vm| vm.command(&name).ok().flatten());
        let summary: String = script.and_then(|s| s.get("summary").ok()).unwrap_or_default();
        commands.push_str(&format!("  {name:<10} {summary}\n"));
    }
    let template =
        format!("{{about}}\n\n{{usage-heading}} {{usage}}\n\nCommands:\n{commands}\n{{all-args}}{{after-help}}\n");
    top().help_template(template).render_help().to_string()
}

fn unknown_command(name: &str, search: &SearchPath) -> clap::Error {
    let names = search.names("scripts");
    let near = did_you_mean(name, names.iter().map(String::as_str));
    let tip = match near {
        Some(near) => format!("did you mean `tinylua {near}`?"),
        None => format!("known are {}", names.join(", ")),
    };
    top().error(clap::error::ErrorKind::InvalidSubcommand, format!("there is no command {name:?}; {tip}"))
}

/// An option or a positional argument of a script.
struct Item {
    name: String,
    short: Option<char>,
    aliases: Vec<String>,
    ty: String,
    value_name: Option<String>,
    help: String,
    default: Option<String>,
    many: bool,
    required: bool,
    trailing: bool,
    choices: Vec<String>,
}

impl Item {
    fn of(table: &Table) -> mlua::Result<Item> {
        let default: Value = table.get("default")?;
        let list = |key: &str| -> mlua::Result<Vec<String>> {
            Ok(match table.get::<Value>(key)? {
                Value::Table(t) => t.sequence_values().collect::<mlua::Result<_>>()?,
                Value::Nil => Vec::new(),
                one => vec![one.to_string()?],
            })
        };
        Ok(Item {
            name: table.get(1)?,
            short: table.get::<Option<String>>("short")?.and_then(|s| s.chars().next()),
            aliases: list("alias")?,
            ty: table.get::<Option<String>>("type")?.unwrap_or_else(|| "string".into()),
            value_name: table.get("value")?,
            help: table.get::<Option<String>>("help")?.unwrap_or_default(),
            default: if default.is_nil() { None } else { Some(default.to_string()?) },
            many: table.get::<Option<bool>>("many")?.unwrap_or(false),
            required: table.get::<Option<bool>>("required")?.unwrap_or(true),
            trailing: table.get::<Option<bool>>("trailing")?.unwrap_or(false),
            choices: list("choices")?,
        })
    }

    /// The key in the table that the script gets.
    fn key(&self) -> String {
        self.name.replace('-', "_")
    }

    fn parser(&self) -> ValueParser {
        let string = OsStringValueParser::new();
        match self.ty.as_str() {
            "size" => text(|s| units::size(s).map(drop)),
            "duration" => text(|s| units::duration(s).map(drop)),
            "integer" => text(|s| s.parse::<i64>().map(drop).map_err(|_| format!("{s:?} is not a whole number"))),
            "number" => text(|s| match s.parse::<f64>() {
                Ok(n) if n.is_finite() => Ok(()),
                _ => Err(format!("{s:?} is not a number")),
            }),
            _ if !self.choices.is_empty() => {
                let choices = self.choices.clone();
                string
                    .try_map(move |word| match choices.iter().any(|c| word == c.as_str()) {
                        true => Ok(word),
                        false => Err(format!("it is one of {}", choices.join(", "))),
                    })
                    .into()
            }
            _ => string.into(),
        }
    }

    fn arg(&self, positional: Option<usize>) -> Arg {
        let mut arg = Arg::new(self.name.clone()).help(self.help.clone());
        if let Some(index) = positional {
            let shown = self.value_name.clone().unwrap_or_else(|| self.name.to_uppercase());
            arg = arg.index(index).value_name(shown).required(self.required).value_parser(self.parser());
            if self.many || self.trailing {
                arg = arg.num_args(1..).trailing_var_arg(self.trailing);
            }
            return arg;
        }
        arg = arg.long(self.name.clone()).visible_aliases(self.aliases.clone());
        if let Some(short) = self.short {
            arg = arg.short(short);
        }
        if self.ty == "flag" {
            return arg.action(ArgAction::SetTrue);
        }
        arg = arg.value_parser(self.parser()).action(if self.many { ArgAction::Append } else { ArgAction::Set });
        // `--tail -5` and `--memory -1` reach the value's own check instead of "unexpected -5".
        arg = arg.allow_negative_numbers(true);
        arg = arg.value_name(self.value_name.clone().unwrap_or_else(|| self.ty.to_uppercase()));
        match &self.default {
            Some(default) => arg.default_value(default.clone()),
            None => arg,
        }
    }

    fn value(&self, lua: &Lua, word: &OsStr) -> mlua::Result<Value> {
        let text = word.to_string_lossy();
        match self.ty.as_str() {
            "size" => Ok(Value::Integer(units::size(&text).map_err(mlua::Error::runtime)? as i64)),
            "duration" => Ok(Value::Number(units::duration(&text).map_err(mlua::Error::runtime)?)),
            "integer" => Ok(Value::Integer(text.parse().map_err(mlua::Error::external)?)),
            "number" => Ok(Value::Number(text.parse().map_err(mlua::Error::external)?)),
            _ => Ok(Value::String(lua.create_string(word.as_bytes())?)),
        }
    }
}

fn text(check: impl Fn(&str) -> Result<(), String> + Clone + Send + Sync + 'static) -> ValueParser {
    OsStringValueParser::new()
        .try_map(move |word| match word.to_str() {
            Some(text) => check(text).map(|()| word),
            None => Err("it is not UTF-8".to_owned()),
        })
        .into()
}

/// What a script declares about its command line.
struct Spec {
    name: String,
    summary: String,
    about: String,
    options: Vec<Item>,
    args: Vec<Item>,
}

impl Spec {
    fn of(name: &str, script: &Table) -> Result<Spec, Failure> {
        let read = || -> mlua::Result<Spec> {
            let items = |key: &str| -> mlua::Result<Vec<Item>> {
                match script.get::<Value>(key)? {
                    Value::Table(list) => list.sequence_values::<Table>().map(|t| Item::of(&t?)).collect(),
                    _ => Ok(Vec::new()),
                }
            };
            Ok(Spec {
                name: name.to_owned(),
                summary: script.get::<Option<String>>("summary")?.unwrap_or_default(),
                about: script.get::<Option<String>>("about")?.unwrap_or_default(),
                options: items("options")?,
                args: items("args")?,
            })
        };
        read().map_err(|e| Failure::plain(format!("{name}.lua: its options cannot be read: {e}")))
    }

    fn parser(&self) -> Command {
        let mut command = Command::new(self.name.clone())
            .bin_name(format!("tinylua {}", self.name))
            .about(self.summary.clone())
            .args(self.options.iter().map(|o| o.arg(None)))
            .args(self.args.iter().enumerate().map(|(i, a)| a.arg(Some(i + 1))))
            .disable_version_flag(true);
        if !self.about.is_empty() {
            command = command.after_help(self.about.clone());
        }
        let taken = |name: &str| self.options.iter().any(|o| o.name == name);
        // A short flag of the script (`-v` for volumes) wins over the global one.
        let shorts: Vec<char> = self.options.iter().filter_map(|o| o.short).collect();
        let globals =
            global_args().into_iter().filter(|a| !taken(a.get_id().as_str())).map(|arg| match arg.get_short() {
                Some(short) if shorts.contains(&short) => arg.short(None),
                _ => arg,
            });
        command.args(globals)
    }

    fn table(&self, lua: &Lua, matches: &ArgMatches) -> Result<Table, Failure> {
        let fill = || -> mlua::Result<Table> {
            let table = lua.create_table()?;
            for item in self.options.iter().chain(&self.args) {
                if item.ty == "flag" {
                    table.set(item.key(), matches.get_flag(&item.name))?;
                    continue;
                }
                let words: Vec<&OsString> = matches.get_many(&item.name).into_iter().flatten().collect();
                let values = words.iter().map(|w| item.value(lua, w)).collect::<mlua::Result<Vec<_>>>()?;
                if item.many || item.trailing {
                    table.set(item.key(), lua.create_sequence_from(values)?)?;
                } else if let Some(value) = values.into_iter().next() {
                    table.set(item.key(), value)?;
                }
            }
            Ok(table)
        };
        fill().map_err(|e| Failure::plain(e.to_string()))
    }
}

/// The exit status of a usage error.
pub fn usage_status(error: &clap::Error) -> u8 {
    match error.kind() {
        clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => 0,
        _ => USAGE,
    }
}
