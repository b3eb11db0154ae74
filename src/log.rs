//! Diagnostics: `tracing` events with fields, for finding problems. They come from Rust's macros and from `tiny.log`, and
//! are written as lines of text or JSON (`line`). Nothing is set up until diagnostics are requested or a warning must be
//! written. In a program that embeds the machine the events go to that program's own subscriber. `--trace` is separate: it
//! shows each call of a primitive (`vm/trace`).

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

/// The environment variable for `--log-level`.
pub const VARIABLE: &str = "TINYLUA_LOG";

/// The default level.
const DEFAULT: LevelFilter = LevelFilter::WARN;

/// The levels by name, the most severe first.
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

/// The format of a line.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Format {
    /// Readable text.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// The settings from the command line and the environment.
#[derive(Clone, Default)]
pub struct Wanted {
    /// `--log-level`, or the environment variable.
    pub level: Option<LevelFilter>,
    /// `--log-format`.
    pub format: Option<Format>,
    /// `--log`.
    pub file: Option<PathBuf>,
}

/// The destination of lines.
struct Sinks {
    format: Format,
    level: LevelFilter,
    /// The file of `--log`.
    file: Option<OwnedFd>,
    /// A copy of standard error: a container's closure may redirect the original.
    stderr: Option<Arc<OwnedFd>>,
    /// Whether standard error is a supervisor's log, which always gets warnings.
    kept: bool,
}

static SINKS: Mutex<Sinks> =
    Mutex::new(Sinks { format: Format::Text, level: DEFAULT, file: None, stderr: None, kept: false });

/// Whether this process is the program `tinylua`, which writes its own events.
static OURS: AtomicBool = AtomicBool::new(false);

/// Whether there is a subscriber.
static STARTED: AtomicBool = AtomicBool::new(false);

/// The level from which diagnostics are more than warnings.
pub fn level_of_warnings() -> LevelFilter {
    DEFAULT
}

/// Parses the name of a level. The error is for the user.
pub fn level(text: &str) -> Result<LevelFilter, String> {
    let found = LEVELS.iter().find(|(name, _)| *name == text).map(|(_, level)| *level);
    found.ok_or_else(|| "expected one of error, warn, info, debug, trace, off".into())
}

/// Parses the name of a format. The error is for the user.
pub fn format(text: &str) -> Result<Format, String> {
    match text {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("expected text or json".into()),
    }
}

impl Wanted {
    /// The settings from the environment; an empty variable counts as unset.
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

    /// Adds the settings of the command line, which take precedence.
    pub fn add(&mut self, other: Wanted) {
        self.level = other.level.or(self.level);
        self.format = other.format.or(self.format);
        self.file = other.file.or(self.file.take());
    }

    /// The name of the level if diagnostics are requested: the value of `tiny.settings.log`.
    pub fn asked(&self) -> Option<&'static str> {
        let any = self.level.is_some() || self.format.is_some() || self.file.is_some();
        let level = self.level.unwrap_or(DEFAULT);
        LEVELS.iter().find(|(_, of)| any && *of == level).map(|(name, _)| *name)
    }
}

/// Lets this program write the events of this process.
pub fn claim() {
    OURS.store(true, Ordering::Relaxed);
}

/// Starts the requested diagnostics. The file is opened now, for appending: later the root directory may differ.
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
        // A copy that is not written to would keep a pipe open, whose reader waits for its end.
        if sinks.stderr.is_none() && sinks.of_stderr() > LevelFilter::OFF {
            sinks.stderr = Some(sys::fs::duplicate_stderr()?);
        }
    }
    if !STARTED.swap(true, Ordering::Relaxed) {
        // It fails if a program has its own subscriber, which then receives the events.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Lines));
    }
    tracing::callsite::rebuild_interest_cache();
    Ok(())
}

/// Writes warnings to the current standard error, a supervisor's log, in any case, and other events if there is no file.
pub fn reopen() -> sys::Result<()> {
    if !OURS.load(Ordering::Relaxed) {
        return Ok(());
    }
    sinks().kept = true;
    // If nothing is set up yet, the current standard error will be used then.
    if STARTED.load(Ordering::Relaxed) {
        sinks().stderr = None;
        subscribe()?;
    }
    Ok(())
}

/// The level of an entry of `NAMES`.
pub fn of_name(name: &str) -> Option<Level> {
    level(name).ok()?.into_level()
}

/// Whether an event of this level would be written. A warning sets up the subscriber.
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
    /// The least severe level written to standard error.
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
        // A failure to write diagnostics cannot be reported.
        for fd in stderr.into_iter().chain(file) {
            let _ = sys::fs::write_all(fd, line.as_bytes());
        }
    }
}

/// The subscriber's only layer: each event is a line, written immediately.
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

/// An event from Lua: `fields` is a JSON object, `at` the position in the user file.
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
