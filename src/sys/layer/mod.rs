//! Layers of images: a compressed tar stream that is unpacked into a directory of its own, and the reverse. Whiteouts and
//! opaque marks of the stream become those of overlayfs. The stream is hostile: whoever built the image wrote it.

mod complete;
pub mod lower_links;
pub(in crate::sys) mod name;
pub mod packer;
mod stream;
mod writer;

use std::fs::File;
use std::os::fd::OwnedFd;

pub use name::{Name, classify};
pub use stream::Stream;
pub use writer::Writer;

use nix::errno::Errno;

use super::copy::{Tally, archive};
use super::path::without_umask;
use super::{Error, Result};

/// Who reads the marks of an overlay: those in `trusted.*` need privileges over the host, those in `user.*` are for
/// overlays mounted in a user namespace or with `userxattr`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Marks {
    /// `trusted.overlay.*`
    Trusted,
    /// `user.overlay.*`
    User,
    /// They are only reported: whoever unpacks may not set them.
    Reported,
}

impl Marks {
    /// The attribute of an opaque directory.
    pub fn opaque(self) -> Option<&'static str> {
        match self {
            Marks::Trusted => Some("trusted.overlay.opaque"),
            Marks::User => Some("user.overlay.opaque"),
            Marks::Reported => None,
        }
    }
}

/// What a layer may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries.
    pub entries: u64,
    /// Bytes of the tar stream.
    pub bytes: u64,
    /// Bytes of the tar stream for each byte of the compressed one, where the former has more than `FREE`.
    pub ratio: u64,
}

/// A stream of at most this size may be compressed to any extent: an empty disk image is no attack.
pub const FREE: u64 = 1 << 30;

/// The error of a layer that exceeds a limit.
fn exceeds(limit: &str, why: String) -> Error {
    Error::new(Errno::EFBIG).with_detail(why).with_hint(format!("raise {limit} for an image that you trust"))
}

/// How a layer is unpacked.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Where opaque directories are marked.
    pub marks: Marks,
    /// Whether files of ids that do not exist in this user namespace get the caller's.
    pub squash: bool,
    /// The limits.
    pub limits: Limits,
}

/// An unpacked layer.
#[derive(Debug, Default)]
pub struct Report {
    /// The digest of the tar stream.
    pub diff_id: String,
    /// The digest of the file, which may be compressed.
    pub digest: String,
    /// Bytes of the tar stream.
    pub stream: u64,
    /// Bytes of the file.
    pub size: u64,
    /// Hard links whose target is not in the layer: the name, and the target.
    pub links: Vec<(Vec<u8>, Vec<u8>)>,
    /// The opaque directories; an empty path is the root of the layer, which overlayfs does not let be opaque.
    pub opaque: Vec<Vec<u8>>,
    /// Whiteouts.
    pub whiteouts: u64,
    /// Files that belong to the caller, since their owner or group does not exist.
    pub squashed: u64,
}

/// Unpacks a layer into an empty directory that no other process changes. Errors: EINVAL for a damaged stream and for one
/// that programs read in different ways, EFBIG for one that exceeds a limit.
pub fn unpack(file: File, into: OwnedFd, how: How, tally: &mut Tally<'_>) -> Result<Report> {
    let mut stream = Stream::new(file, how.limits)?;
    let mut writer = Writer::new(into, how);
    // Files are created with their modes.
    let done = without_umask(|| archive::unpack(&mut stream, &mut writer, tally).and_then(|()| writer.complete()));
    // An error of the stream explains what the reader of the archive has made of it.
    let report = stream.failure().map_or(done, Err)?;
    stream.finish(report)
}
