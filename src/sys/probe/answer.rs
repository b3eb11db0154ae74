//! How the kernel's answers are read: small files, what may be written, and what may come as a module.

use serde::Serialize;

/// A feature of the kernel that may come as a module: true, "module" (it can be loaded) or false.
#[derive(Serialize, Clone, Copy, Debug, PartialEq)]
#[serde(untagged)]
pub enum Offer {
    /// Whether it is there now.
    Is(bool),
    /// "module": the module's file is there, and it is not loaded.
    As(&'static str),
}

/// The text of a small file without the line's end; `None` when it cannot be read.
pub fn line(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

/// The number in a small file.
pub fn number(path: &str) -> Option<u64> {
    line(path)?.parse().ok()
}

/// Whether this process may write there (access(2) with the effective ids).
pub fn writable(path: &str) -> bool {
    use rustix::fs::{Access, AtFlags, CWD};
    rustix::fs::accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}
