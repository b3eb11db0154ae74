//! The one error type below Lua: an errno, the path or name it is about, and what is known beyond
//! that. It names no primitive: the binding glue adds the call and its arguments.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use nix::errno::Errno;

/// What a kernel operation failed with.
#[derive(Debug, Clone)]
pub struct Error {
    /// The kernel's error number.
    pub errno: Errno,
    /// The file, link or other operand that the kernel refused, where it is not an argument.
    pub path: Option<String>,
    /// What is known beyond the errno, as a clause: "it is a file, not a directory".
    pub detail: Option<String>,
    /// What the reader can do about it.
    pub hint: Option<String>,
}

/// A result of this layer.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of errno `errno` that carries no operand yet.
    pub fn new(errno: Errno) -> Error {
        Error { errno, path: None, detail: None, hint: None }
    }

    /// The error that the last system call of this thread left in errno.
    pub fn last() -> Error {
        Error::new(Errno::last())
    }

    /// Adds the operand; an operand that is known already (it is nearer the cause) stays.
    #[must_use]
    pub fn with_path(mut self, path: impl AsRef<Path>) -> Error {
        self.path.get_or_insert_with(|| path.as_ref().to_string_lossy().into_owned());
        self
    }

    /// Adds a clause that says more than the errno does.
    #[must_use]
    pub fn with_detail(mut self, text: impl Into<String>) -> Error {
        self.detail.get_or_insert_with(|| text.into());
        self
    }

    /// Adds what the reader can do about it.
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
            // A line's end in a name would begin a line of ours.
            write!(f, ": {}", visible(path).replace('\n', "\\n"))?;
        }
        if let Some(detail) = &self.detail {
            write!(f, " ({})", visible(detail))?;
        }
        Ok(())
    }
}

/// A text with its control characters visible: names are often a container's to choose, and none steers a terminal.
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

/// Whether a character steers a terminal, or the direction in which its text is shown (Unicode's bidi controls). Line
/// ends and tabs belong to what is said.
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

/// Adds context to a failure on its way up.
pub trait Context<T> {
    /// Names the operand.
    fn at(self, path: impl AsRef<Path>) -> Result<T>;
    /// Adds a clause that says more than the errno does.
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
