//! Diagnostics: what happens, as events of `tracing` with fields, for whoever looks into a problem. They come from Rust's
//! macros and from `tiny.log`, and leave as lines of text or JSON (`line`). Nothing is set up before somebody asks for
//! them, or something is to be said that nobody had to ask for. In a program that embeds the machine the events go to
//! that program's own subscriber. `--trace` is another thing: it shows each call of a primitive (`vm/trace`).

mod line;

pub use line::OWN;

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::sys::{self, Context as _};

/// The environment's word for `--log-level`.
pub const VARIABLE: &str = "TINYLUA_LOG";

/// What is shown when nobody says more.
const DEFAULT: LevelFilter = LevelFilter::WARN;

/// The levels by their names, the gravest first.
const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// The levels of events.
pub const NAMES: &[&str] = &["error", "warn", "info", "debug", "trace"];

/// How a line is written.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Format {
    /// For a reader.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// What the command line and the environment ask for.
#[derive(Clone, Default)]
pub struct Wanted {
    /// `--log-level`, or the environment's.
    pub level: Option<LevelFilter>,
    /// `--log-format`.
    pub format: Option<Format>,
    /// `--log`.
    pub file: Option<PathBuf>,
}

/// Where lines go.
struct Sinks {
    format: Format,
    level: LevelFilter,
    /// The file of `--log`.
    file: Option<OwnedFd>,
    /// A copy of standard error: a container's closure may redirect the first.
    stderr: Option<Arc<OwnedFd>>,
    /// Whether standard error is a supervisor's log, which has warnings whatever is asked for.
    kept: bool,
}

static SINKS: Mutex<Sinks> =
    Mutex::new(Sinks { format: Format::Text, level: DEFAULT, file: None, stderr: None, kept: false });

/// Whether this process is the program `tinylua`, so that its events are ours to write.
static OURS: AtomicBool = AtomicBool::new(false);

/// Whether there is a subscriber.
static STARTED: AtomicBool = AtomicBool::new(false);

/// Reads a level's name. The error is for the user.
pub fn level(text: &str) -> Result<LevelFilter, String> {
    let found = LEVELS.iter().find(|(name, _)| *name == text).map(|(_, level)| *level);
    found.ok_or_else(|| "it is one of error, warn, info, debug, trace, off".into())
}

/// Reads a format's name. The error is for the user.
pub fn format(text: &str) -> Result<Format, String> {
    match text {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("it is text or json".into()),
    }
}

impl Wanted {
    /// What the environment asks for; an empty variable counts as unset.
    pub fn from_environment() -> Result<Wanted, String> {
        let set = std::env::var_os(VARIABLE).filter(|value| !value.is_empty());
        let level = set.map(|value| level(&value.to_string_lossy()).map_err(|why| (value, why))).transpose();
        match level {
            Ok(level) => Ok(Wanted { level, ..Wanted::default() }),
            Err((value, why)) => {
                Err(format!("invalid value '{}' for {VARIABLE}: {why}", sys::visible(&value.to_string_lossy())))
            }
        }
    }

    /// Adds what a command line says, which counts for more.
    pub fn add(&mut self, other: Wanted) {
        self.level = other.level.or(self.level);
        self.format = other.format.or(self.format);
        self.file = other.file.or(self.file.take());
    }

    /// The name of the level, where diagnostics are asked for: what `tiny.settings.log` has.
    pub fn asked(&self) -> Option<&'static str> {
        let any = self.level.is_some() || self.format.is_some() || self.file.is_some();
        let level = self.level.unwrap_or(DEFAULT);
        LEVELS.iter().find(|(_, of)| any && *of == level).map(|(name, _)| *name)
    }
}

/// Makes the events of this process ours to write.
pub fn claim() {
    OURS.store(true, Ordering::Relaxed);
}

/// Starts what is asked for. The file is opened now, for appending: later the root may be another.
pub fn start(wanted: &Wanted) -> sys::Result<()> {
    if wanted.asked().is_none() || !OURS.load(Ordering::Relaxed) {
        return Ok(());
    }
    let file = wanted.file.as_ref().map(|path| sys::fs::create(path, true).at(path)).transpose()?;
    {
        let mut sinks = sinks();
        sinks.format = wanted.format.unwrap_or_default();
        sinks.level = wanted.level.unwrap_or(DEFAULT);
        sinks.file = file;
    }
    subscribe()?;
    if enabled(Level::DEBUG) {
        let sealed = sys::cloned_binary::sealed().unwrap_or(false);
        tracing::debug!(target: "command", version = env!("CARGO_PKG_VERSION"), sealed, "begins");
    }
    Ok(())
}

fn subscribe() -> sys::Result<()> {
    {
        let mut sinks = sinks();
        if sinks.stderr.is_none() {
            sinks.stderr = Some(sys::fs::duplicate_stderr()?);
        }
    }
    if !STARTED.swap(true, Ordering::Relaxed) {
        // It fails where a program has a subscriber of its own: the events are that one's then.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Lines));
    }
    tracing::callsite::rebuild_interest_cache();
    Ok(())
}

/// Lets standard error as it is now, a supervisor's log, have warnings in any case, and all else where there is no file.
pub fn reopen() -> sys::Result<()> {
    if !OURS.load(Ordering::Relaxed) {
        return Ok(());
    }
    sinks().kept = true;
    // What is not set up yet takes the present one when it is.
    if STARTED.load(Ordering::Relaxed) {
        sinks().stderr = None;
        subscribe()?;
    }
    Ok(())
}

/// The level of one of `NAMES`.
pub fn of_name(name: &str) -> Option<Level> {
    level(name).ok()?.into_level()
}

/// Whether an event of this level would go anywhere. A warning sets up what writes it.
pub fn enabled(level: Level) -> bool {
    if !STARTED.load(Ordering::Relaxed) && OURS.load(Ordering::Relaxed) {
        return sinks().lowest() >= level && subscribe().is_ok();
    }
    LevelFilter::current() >= level
}

fn sinks() -> MutexGuard<'static, Sinks> {
    SINKS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sinks {
    /// The least grave level that standard error gets.
    fn of_stderr(&self) -> LevelFilter {
        let own = if self.file.is_none() { self.level } else { LevelFilter::OFF };
        if self.kept { own.max(DEFAULT) } else { own }
    }

    fn lowest(&self) -> LevelFilter {
        if self.file.is_some() { self.of_stderr().max(self.level) } else { self.of_stderr() }
    }

    fn write(&self, level: Level, line: &str) {
        let stderr = self.stderr.as_ref().filter(|_| self.of_stderr() >= level).map(|fd| fd.as_fd());
        let file = self.file.as_ref().filter(|_| self.level >= level).map(AsFd::as_fd);
        // Who cannot write diagnostics has nobody to tell.
        for fd in stderr.into_iter().chain(file) {
            let _ = sys::fs::write_all(fd, line.as_bytes());
        }
    }
}

/// The subscriber's one layer: each event is a line, written at once.
struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if sinks().lowest() >= *metadata.level() { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        sinks().lowest() >= *metadata.level()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(sinks().lowest())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let sinks = sinks();
        let text = line::of(event, sinks.format, &sys::clock::timestamp());
        sinks.write(*event.metadata().level(), &text);
    }
}

/// An event that Lua tells: `fields` is a JSON object, `at` the place in the user's file.
pub fn tell(level: Level, message: &str, fields: Option<&str>, at: Option<&str>) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(target: line::LUA, Level::$level, fields, at, "{message}")
        };
    }
    match level {
        Level::ERROR => event!(ERROR),
        Level::WARN => event!(WARN),
        Level::INFO => event!(INFO),
        Level::DEBUG => event!(DEBUG),
        Level::TRACE => event!(TRACE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_level_goes_where() {
        let sinks = |level, file: bool, kept| {
            let file = file.then(|| sys::fs::memory_file().expect("a file"));
            let sinks = Sinks { format: Format::Text, level, file, stderr: None, kept };
            [sinks.of_stderr(), sinks.lowest()]
        };
        const OFF: LevelFilter = LevelFilter::OFF;
        const ERROR: LevelFilter = LevelFilter::ERROR;
        const WARN: LevelFilter = LevelFilter::WARN;
        const DEBUG: LevelFilter = LevelFilter::DEBUG;
        assert_eq!(sinks(DEBUG, false, false), [DEBUG, DEBUG]);
        assert_eq!(sinks(DEBUG, true, false), [OFF, DEBUG]);
        assert_eq!(sinks(DEBUG, true, true), [WARN, DEBUG]);
        assert_eq!(sinks(DEBUG, false, true), [DEBUG, DEBUG]);
        assert_eq!(sinks(ERROR, false, true), [WARN, WARN]);
        assert_eq!(sinks(OFF, true, false), [OFF, OFF]);
        assert_eq!(sinks(OFF, true, true), [WARN, WARN]);
    }

    #[test]
    fn the_command_line_counts_for_more_than_the_environment() {
        let mut wanted = Wanted { level: level("info").ok(), ..Wanted::default() };
        wanted.add(Wanted { format: format("json").ok(), ..Wanted::default() });
        assert_eq!(wanted.asked(), Some("info"));
        wanted.add(Wanted { level: level("off").ok(), ..Wanted::default() });
        assert_eq!((wanted.asked(), wanted.format), (Some("off"), Some(Format::Json)));
        assert_eq!(Wanted::default().asked(), None);
        let only_file = Wanted { file: Some("x".into()), ..Wanted::default() };
        assert_eq!(only_file.asked(), Some("warn"));
        assert!(level("Warn").is_err() && level("").is_err() && format("JSON").is_err());
    }
}
