//! The names of a layer's entries: whiteouts and opaque marks (OCI image specification, "Image Layer Filesystem Changeset").

use nix::errno::Errno;

use crate::sys::copy::{join, split};
use crate::sys::{Error, Result};

/// The beginning of a whiteout's name.
pub const WHITEOUT: &[u8] = b".wh.";
/// The name of an opaque mark.
pub const OPAQUE: &[u8] = b".wh..wh..opq";
/// The beginning of the names that AUFS used for itself.
const RESERVED: &[u8] = b".wh..wh.";

/// What an entry of this name is.
#[derive(Debug, PartialEq)]
pub enum Name {
    /// A file under its own name.
    File,
    /// The file of this path in lower layers is removed.
    Whiteout(Vec<u8>),
    /// The content of this directory in lower layers is removed.
    Opaque(Vec<u8>),
    /// A file that AUFS kept for itself: it is not a part of the image.
    Reserved,
}

/// Reads a path of plain names. Errors: EINVAL for a whiteout without a name, of `.` or `..`, and for a file in a
/// whiteout.
pub fn classify(path: &[u8]) -> Result<Name> {
    // Nearly no name has a whiteout's dot.
    if !path.windows(WHITEOUT.len()).any(|part| part == WHITEOUT) {
        return Ok(Name::File);
    }
    let (above, name) = split(path);
    for part in above.split(|byte| *byte == b'/') {
        if part.starts_with(RESERVED) {
            return Ok(Name::Reserved);
        }
        if part.starts_with(WHITEOUT) {
            return Err(Error::new(Errno::EINVAL).with_detail("it is in a whiteout, which is not a directory"));
        }
    }
    if name == OPAQUE {
        return Ok(Name::Opaque(above.to_vec()));
    }
    if name.starts_with(RESERVED) {
        return Ok(Name::Reserved);
    }
    match name.strip_prefix(WHITEOUT) {
        None => Ok(Name::File),
        Some(b"" | b"." | b"..") => Err(Error::new(Errno::EINVAL).with_detail("it is a whiteout of no file")),
        Some(hidden) => Ok(Name::Whiteout(join(above, hidden))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let whiteout = |path: &str| Name::Whiteout(path.into());
        let known = [
            ("etc/passwd", Name::File),
            ("etc/x.wh.y", Name::File),
            (".wh.x", whiteout("x")),
            ("a/.wh.b", whiteout("a/b")),
            ("a/.wh..b", whiteout("a/.b")),
            ("a/.wh..wh", whiteout("a/.wh")),
            (".wh..wh..opq", Name::Opaque(Vec::new())),
            ("a/b/.wh..wh..opq", Name::Opaque(b"a/b".to_vec())),
            (".wh..wh.plnk/1.2", Name::Reserved),
            (".wh..wh.aufs", Name::Reserved),
        ];
        for (path, name) in known {
            assert_eq!(classify(path.as_bytes()).ok(), Some(name), "{path}");
        }
        for path in [".wh.", ".wh..", "a/.wh...", ".wh.a/b", "a/.wh.b/.wh.c"] {
            assert!(classify(path.as_bytes()).is_err(), "{path}");
        }
    }
}
