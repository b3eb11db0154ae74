//! The flags that every command takes, before or after its name.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::builder::OsStringValueParser;
use clap::{Arg, ArgAction, ArgMatches};

use crate::log;
use crate::vm::trace::Wanted;

/// The flags that every command takes, before or after its name.
#[derive(Default)]
pub struct Globals {
    pub root: Option<String>,
    pub lua_path: Vec<PathBuf>,
    pub trace: Option<Wanted>,
    pub log: log::Wanted,
    pub verbose: bool,
    /// Settings of another front end.
    pub more: Vec<(&'static str, String)>,
    /// Whether the machine already has its settings.
    pub kept: bool,
}

impl Globals {
    /// The flags set by the environment.
    pub fn from_environment() -> Result<Globals, clap::Error> {
        let wrong = |text: String| super::top().error(clap::error::ErrorKind::InvalidValue, text);
        Ok(Globals { log: log::Wanted::from_environment().map_err(wrong)?, ..Globals::default() })
    }

    pub fn add(&mut self, matches: &ArgMatches) {
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
        if let Some(wanted) = matches.get_one::<Wanted>("trace") {
            self.trace = Some(wanted.clone());
        }
        self.log.add(log::Wanted {
            level: matches.get_one("log-level").copied(),
            format: matches.get_one("log-format").copied(),
            file: matches.get_one::<OsString>("log").map(path),
        });
        self.verbose |= matches.get_flag("verbose");
    }

    /// Adds the folders of the options that begin a command's words. Later words may be those of a program, whose options are
    /// not ours.
    pub fn add_lua_paths(&mut self, rest: &[OsString]) {
        let own = |i: usize| i.checked_sub(1).is_some_and(|before| rest[before] == "--lua-path");
        let end = (0..rest.len()).find(|i| !rest[*i].as_bytes().starts_with(b"-") && !own(*i)).unwrap_or(rest.len());
        self.add_all_lua_paths(&rest[..end]);
    }

    /// Adds the folders of all options among a command's words; returns whether there were any.
    pub fn add_all_lua_paths(&mut self, rest: &[OsString]) -> bool {
        let known = self.lua_path.len();
        for (i, word) in rest.iter().enumerate().take_while(|(_, w)| *w != "--") {
            let inline = word.as_bytes().strip_prefix(b"--lua-path=").map(OsStr::from_bytes);
            let next = || rest.get(i + 1).filter(|_| word == "--lua-path").map(OsString::as_os_str);
            if let Some(dir) = inline.or_else(next).map(PathBuf::from).filter(|dir| !self.lua_path.contains(dir)) {
                self.lua_path.push(dir);
            }
        }
        self.lua_path.len() > known
    }

    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        settings.extend(self.root.clone().map(|root| ("root", root)));
        let lua_path = std::env::join_paths(self.lua_path.iter().filter_map(|dir| std::path::absolute(dir).ok()));
        let lua_path = lua_path.ok().filter(|path| !path.is_empty()).map(|path| path.to_string_lossy().into_owned());
        settings.extend(lua_path.map(|path| ("lua_path", path)));
        settings.extend(self.log.asked().map(|level| ("log", level.to_owned())));
        settings.extend(self.verbose.then(|| ("verbose", "yes".to_owned())));
        settings.extend(self.more.iter().cloned());
        settings
    }
}

/// `--trace`, which both front ends take.
pub fn trace_arg() -> Arg {
    Arg::new("trace")
        .long("trace")
        .value_name("STYLE")
        .value_parser(Wanted::parse)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("timeline")
        .help("Trace each primitive: timeline, lines, json, perfetto:FILE or svg:FILE")
}

pub fn global_args() -> [Arg; 7] {
    let path =
        |name: &'static str| Arg::new(name).long(name).value_name("DIR").value_parser(OsStringValueParser::new());
    [
        path("root").help("Store all state in DIR [default: /var/lib/tinylua and /run/tinylua]"),
        path("lua-path").action(ArgAction::Append).help("Let DIR/scripts and DIR/lua override the shipped Lua"),
        trace_arg(),
        Arg::new("log-level")
            .long("log-level")
            .value_name("LEVEL")
            .value_parser(log::level)
            .help("The least severe level of diagnostics: error, warn, info, debug, trace or off [default: TINYLUA_LOG, or warn]"),
        Arg::new("log")
            .long("log")
            .value_name("FILE")
            .value_parser(OsStringValueParser::new())
            .help("Append diagnostics to FILE [default: standard error]"),
        Arg::new("log-format")
            .long("log-format")
            .value_name("FORMAT")
            .value_parser(log::format)
            .help("Format of diagnostics: text, or json with one object per line [default: text]"),
        Arg::new("verbose")
            .long("verbose")
            .short('v')
            .action(ArgAction::SetTrue)
            .help("Print the Lua traceback of an error"),
    ]
    .map(|arg| arg.help_heading("Global options"))
}
