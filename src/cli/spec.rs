//! A script's declared command line, as a clap parser and as the `args` table.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use clap::builder::{OsStringValueParser, TypedValueParser, ValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use mlua::{Lua, Table, Value};

use super::globals::global_args;
use crate::sys::signal;
use crate::vm::{Failure, units};

/// An option or a positional argument of a script.
#[derive(Default)]
struct Item {
    name: String,
    short: Option<char>,
    aliases: Vec<String>,
    ty: String,
    value_name: Option<String>,
    help: String,
    heading: Option<String>,
    default: Option<String>,
    /// The value when the option stands alone: `--usage`, `--usage=FILE`.
    implied: Option<String>,
    many: bool,
    required: bool,
    trailing: bool,
    choices: Vec<String>,
}

impl Item {
    /// Reads the table in one pass: a script has fifty of them, and a look-up of each key would cost more.
    fn of(table: &Table) -> mlua::Result<Item> {
        let mut item = Item { ty: "string".into(), required: true, ..Item::default() };
        table.for_each(|key: Value, value: Value| {
            let key = match &key {
                Value::Integer(1) => {
                    item.name = value.to_string()?;
                    return Ok(());
                }
                Value::String(key) => key.as_bytes(),
                _ => return Ok(()),
            };
            let truth = || value.as_boolean() == Some(true);
            match &key[..] {
                b"short" => item.short = value.to_string()?.chars().next(),
                b"alias" => item.aliases = words_of(&value)?,
                b"type" => item.ty = value.to_string()?,
                b"value" => item.value_name = Some(value.to_string()?),
                b"help" => item.help = value.to_string()?,
                b"heading" => item.heading = Some(value.to_string()?),
                b"default" => item.default = Some(value.to_string()?),
                b"implied" => item.implied = Some(value.to_string()?),
                b"many" => item.many = truth(),
                b"required" => item.required = truth(),
                b"trailing" => item.trailing = truth(),
                b"choices" => item.choices = words_of(&value)?,
                _ => {}
            }
            Ok(())
        })?;
        match item.name.is_empty() {
            true => Err(mlua::Error::runtime("an option or argument has no name")),
            false => Ok(item),
        }
    }

    /// The key in the table passed to the script.
    fn key(&self) -> String {
        self.name.replace('-', "_")
    }

    /// Whether one of the words could be this option: `--name`, `--name=…`, or combined short options with its letter.
    fn could_be_meant(&self, words: &[OsString]) -> bool {
        words.iter().map(|word| word.as_bytes()).any(|word| match (word.strip_prefix(b"--"), word.strip_prefix(b"-")) {
            (Some(long), _) => {
                let name = long.split(|b| *b == b'=').next().unwrap_or(long);
                name == self.name.as_bytes() || self.aliases.iter().any(|alias| name == alias.as_bytes())
            }
            (None, Some(letters)) => self.short.is_some_and(|short| letters.contains(&(short as u8))),
            (None, None) => false,
        })
    }

    fn parser(&self) -> ValueParser {
        let string = OsStringValueParser::new();
        match self.ty.as_str() {
            "size" => text(|s| units::size(s).map(drop)),
            "duration" => text(|s| units::duration(s).map(drop)),
            "signal" => text(|s| signal::parse(s).map(drop).ok_or_else(|| format!("{s:?} is not a signal"))),
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
                        false => Err(format!("expected one of {}", choices.join(", "))),
                    })
                    .into()
            }
            _ => string.into(),
        }
    }

    fn arg(&self, positional: Option<usize>, flags: Flags) -> Arg {
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
        if let Some(heading) = &self.heading {
            arg = arg.help_heading(heading.clone());
        }
        if let Some(short) = self.short {
            arg = arg.short(short);
        }
        if self.ty == "flag" {
            return match flags {
                Flags::Bare => arg.action(ArgAction::SetTrue),
                Flags::Valued => {
                    arg.num_args(0..=1).require_equals(true).default_missing_value("true").value_parser(truth)
                }
            };
        }
        arg = arg.value_parser(self.parser()).action(if self.many { ArgAction::Append } else { ArgAction::Set });
        // `--tail -5` and `--memory -1` reach the value's own check instead of "unexpected -5".
        arg = arg.allow_negative_numbers(true);
        arg = arg.value_name(self.value_name.clone().unwrap_or_else(|| self.ty.to_uppercase()));
        if let Some(implied) = &self.implied {
            arg = arg.num_args(0..=1).require_equals(true).default_missing_value(implied.clone());
        }
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

/// How flags are parsed. Docker's users write `--rm=true` and `--init=false` too; clap would show that form of every flag in
/// the help.
#[derive(Clone, Copy, PartialEq)]
enum Flags {
    Bare,
    Valued,
}

/// The words for a boolean that docker accepts (Go's strconv.ParseBool).
fn truth(word: &str) -> Result<bool, String> {
    match word {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// One word, or a list of them.
fn words_of(value: &Value) -> mlua::Result<Vec<String>> {
    match value {
        Value::Table(list) => list.sequence_values().collect(),
        one => Ok(vec![one.to_string()?]),
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

/// A script's declared command line.
pub struct Spec {
    name: String,
    summary: String,
    about: String,
    options: Vec<Item>,
    args: Vec<Item>,
}

impl Spec {
    pub fn of(name: &str, script: &Table) -> Result<Spec, Failure> {
        let read = || -> mlua::Result<Spec> {
            let items = |key: &str| -> mlua::Result<Vec<Item>> {
                let list = match script.get::<Value>(key)? {
                    Value::Table(list) => list,
                    // Options that are only built on demand (plain.rs).
                    Value::Function(list) => list.call(())?,
                    _ => return Ok(Vec::new()),
                };
                list.sequence_values::<Table>().map(|t| Item::of(&t?)).collect()
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

    /// Reads the words after the command's name. Each option costs the parser a few microseconds, so it
    /// first gets only those that could be present. If the result is an error or help, parsing is repeated
    /// with all options, and if a flag has a value, with flags that take one.
    pub fn parse(&self, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
        let all = || std::iter::once(OsString::from(&self.name)).chain(words.iter().cloned());
        let parse = |flags| self.parser(|_| true, flags).try_get_matches_from(all());
        let few = self.parser(|option| option.default.is_some() || option.could_be_meant(words), Flags::Bare);
        few.try_get_matches_from(all()).or_else(|_| parse(Flags::Bare)).or_else(|error| match error.kind() {
            ErrorKind::TooManyValues => parse(Flags::Valued),
            _ => Err(error),
        })
    }

    fn parser(&self, wanted: impl Fn(&Item) -> bool, flags: Flags) -> Command {
        let globals = global_args();
        // An option that replaces a global one must always be defined.
        let wanted = |o: &Item| wanted(o) || globals.iter().any(|g| g.get_id().as_str() == o.name);
        let mut command = Command::new(self.name.clone())
            .bin_name(format!("tinylua {}", self.name))
            .about(self.summary.clone())
            .args(self.options.iter().filter(|&o| wanted(o)).map(|o| o.arg(None, flags)))
            .args(self.args.iter().enumerate().map(|(i, a)| a.arg(Some(i + 1), flags)))
            .disable_version_flag(true)
            // Scripts append options to a list of their own; as in docker, the last one counts.
            .args_override_self(true);
        if !self.about.is_empty() {
            command = command.after_help(self.about.clone());
        }
        let taken = |name: &str| self.options.iter().any(|o| o.name == name);
        // A short flag of the script (`-v` for volumes) wins over the global one.
        let shorts: Vec<char> = self.options.iter().filter_map(|o| o.short).collect();
        let globals = globals.into_iter().filter(|a| !taken(a.get_id().as_str())).map(|arg| match arg.get_short() {
            Some(short) if shorts.contains(&short) => arg.short(None),
            _ => arg,
        });
        // As in docker, `-h` of run and create is the hostname.
        if shorts.contains(&'h') {
            command = command
                .disable_help_flag(true)
                .arg(Arg::new("help").long("help").action(ArgAction::Help).help("Print help"));
        }
        command.args(globals)
    }

    /// The table for a command line without options.
    pub fn defaults(&self, lua: &Lua) -> Result<Table, Failure> {
        let matches = self.parse(&[]).map_err(|e| Failure::plain(e.to_string()))?;
        self.table(lua, &matches)
    }

    pub fn table(&self, lua: &Lua, matches: &ArgMatches) -> Result<Table, Failure> {
        let fill = || -> mlua::Result<Table> {
            let table = lua.create_table()?;
            for item in self.options.iter().chain(&self.args) {
                // The parser does not know options that are not present.
                let given = matches.try_contains_id(&item.name).unwrap_or(false);
                if item.ty == "flag" {
                    // A flag that is not given is nil, so that --read-only=false can override a recipe.
                    let value = given && matches.value_source(&item.name) == Some(ValueSource::CommandLine);
                    if value {
                        table.set(item.key(), matches.get_flag(&item.name))?;
                    }
                    continue;
                }
                let words: Option<_> = given.then(|| matches.get_many(&item.name)).flatten();
                let words: Vec<&OsString> = words.into_iter().flatten().collect();
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
