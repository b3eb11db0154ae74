//! The one error type below Lua: an errno, the path or name concerned, and further details. It names no primitive: the
//! bindings add the call and its arguments.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use nix::errno::Errno;

/// The error of a kernel operation.
#[derive(Debug, Clone)]
pub struct Error {
    /// The kernel's error number.
    pub errno: Errno,
    /// The file, link or other operand that the kernel refused, if it is not an argument.
    pub path: Option<String>,
    /// Details beyond the errno, as a clause: "it is a file, not a directory".
    pub detail: Option<String>,
    /// How to fix it.
    pub hint: Option<String>,
}

/// A result of this layer.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with this errno and no operand.
    pub fn new(errno: Errno) -> Error {
        Error { errno, path: None, detail: None, hint: None }
    }

    /// The error of this thread's last system call, from errno.
    pub fn last() -> Error {
        Error::new(Errno::last())
    }

    /// Adds the operand; an existing one is kept, since it is nearer to the cause.
    #[must_use]
    pub fn with_path(mut self, path: impl AsRef<Path>) -> Error {
        self.path.get_or_insert_with(|| path.as_ref().to_string_lossy().into_owned());
        self
    }

    /// Adds a clause with details beyond the errno.
    #[must_use]
    pub fn with_detail(mut self, text: impl Into<String>) -> Error {
        self.detail.get_or_insert_with(|| text.into());
        self
    }

    /// Adds a hint on how to fix it.
    #[must_use]
    pub fn with_hint(mut self, text: impl Into<String>) -> Error {
        self.hint.get_or_insert_with(|| text.into());
        self
    }

    /// The errno's name, "ENOENT".
    pub fn code(&self) -> String {
        format!("{:?}", self.errno)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.errno, self.errno.desc())?;
        if let Some(path) = &self.path {
            // A newline in a name would start another line of output.
            write!(f, ": {}", visible(path).replace('\n', "\\n"))?;
        }
        if let Some(detail) = &self.detail {
            write!(f, " ({})", visible(detail))?;
        }
        Ok(())
    }
}

/// A text with its control characters made visible: names are often chosen by a container and must not control a
/// terminal.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if steers(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// Whether a character controls a terminal or the text direction (Unicode's bidi controls). Newlines and tabs are kept.
pub(super) fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control() && c != '\n' && c != '\t'
}

impl std::error::Error for Error {}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Error {
        Error::new(errno)
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(errno: rustix::io::Errno) -> Error {
        Error::new(Errno::from_raw(errno.raw_os_error()))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        match error.raw_os_error() {
            Some(raw) => Error::new(Errno::from_raw(raw)),
            None => Error::new(Errno::EIO).with_detail(error.to_string()),
        }
    }
}

/// Adds context to an error.
pub trait Context<T> {
    /// Adds the operand.
    fn at(self, path: impl AsRef<Path>) -> Result<T>;
    /// Adds a clause with details beyond the errno.
    fn detail(self, text: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn at(self, path: impl AsRef<Path>) -> Result<T> {
        self.map_err(|e| e.into().with_path(path))
    }

    fn detail(self, text: impl Into<String>) -> Result<T> {
        self.map_err(|e| e.into().with_detail(text))
    }
}
