//! What Lua threw, as a Rust error.

use std::fmt;

use super::text_of;
use crate::vm::Failure;

/// A failure of Lua, of a primitive or of a command. It prints as the program prints it: the place, the call
/// with its arguments, the kernel's words, and a hint on a line of its own.
///
/// ```
/// let error = tinylua::Runtime::new().unwrap().exec::<()>("tiny.chdir('/no/such/place')").unwrap_err();
/// assert_eq!(error.code(), Some("ENOENT"));
/// assert_eq!(error.path(), Some("/no/such/place"));
/// assert!(error.to_string().starts_with("exec:1: chdir(\"/no/such/place\"): ENOENT: "));
/// ```
#[derive(Debug, Clone)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    text: String,
    status: u8,
    traceback: Option<String>,
    op: Option<String>,
    code: Option<String>,
    path: Option<String>,
    hint: Option<String>,
    at: Option<String>,
}

impl Error {
    /// The primitive that failed, "mount_proc"; nothing where none did.
    pub fn op(&self) -> Option<&str> {
        self.0.op.as_deref()
    }

    /// The name of the errno, "ENOENT"; "EINVAL" for arguments that were refused before any call.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The path that the kernel did not like.
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// What can be done about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The place in the user's Lua, "web.lua:12".
    pub fn at(&self) -> Option<&str> {
        self.0.at.as_deref()
    }

    /// The exit status that the program would end with: 125 unless the failure asks for another.
    pub fn status(&self) -> u8 {
        self.0.status
    }

    /// Lua's traceback, where there is one.
    pub fn traceback(&self) -> Option<&str> {
        self.0.traceback.as_deref()
    }

    pub(super) fn plain(text: impl Into<String>) -> Error {
        Error::of(Failure::plain(text))
    }

    pub(super) fn with_status(mut self, status: u8) -> Error {
        self.0.status = status;
        self
    }

    pub(super) fn of(failure: Failure) -> Error {
        let field = |key: &str| failure.value.as_ref().and_then(|err| text_of(err.raw_get(key).ok()?));
        Error(Box::new(Parts {
            op: field("op"),
            code: field("code"),
            path: field("path"),
            hint: field("hint"),
            at: field("at"),
            status: failure.exit,
            traceback: failure.traceback,
            text: failure.text,
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl std::error::Error for Error {}
