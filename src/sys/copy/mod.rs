//! Copying file trees: a source (`tree_reader`, a tree; `archive`, a tar stream) passes entries to a sink (`tree_writer`, a tree;
//! `packer`, a tar stream). Each name is looked up once and by descriptor, so that a concurrent change of a tree
//! cannot lead a copy out of it (CVE-2018-15664).

pub mod archive;
pub(in crate::sys) mod archive_head;
mod archive_text;
pub mod attributes;
pub(in crate::sys) mod content;
pub mod file_archive;
pub mod filled;
pub mod packer;
mod sparse;
mod sparse_records;
pub mod tree_reader;
pub mod tree_writer;

use std::io::Read;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::{Error, Result};

/// The type of an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A regular file of this size in bytes.
    File(u64),
    /// A directory.
    Dir,
    /// A symbolic link and its target.
    Link(Vec<u8>),
    /// A hard link to an earlier entry, given by its path.
    HardLink(Vec<u8>),
    /// A FIFO.
    Fifo,
    /// A device: whether it is a block device, and its device number.
    Device(bool, u64),
}

/// One file, directory or link to be copied.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its path relative to the source, of plain names; empty for the source itself.
    pub path: Vec<u8>,
    /// Its type.
    pub kind: Kind,
    /// The permission bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The modification time: seconds since 1970 and nanoseconds.
    pub mtime: (i64, i64),
    /// Its extended attributes.
    pub attributes: Vec<attributes::Attribute>,
}

/// The source of a file's content.
pub enum Data<'a> {
    /// A file, whose holes are kept.
    File(&'a std::fs::File),
    /// A stream.
    Stream(&'a mut dyn Read),
    /// A stream with the parts of a sparse file between its holes.
    Sparse(filled::Filled<'a>),
    /// No content.
    None,
}

impl Data<'_> {
    /// The same with the holes of a sparse file as zeros.
    pub fn filled(&mut self) -> Data<'_> {
        match self {
            Data::File(file) => Data::File(file),
            Data::Stream(stream) => Data::Stream(&mut **stream),
            Data::Sparse(filled) => Data::Stream(filled),
            Data::None => Data::None,
        }
    }
}

/// A sink for entries: parents come before their content.
pub trait Sink {
    /// Takes one entry.
    fn put(&mut self, entry: &Entry, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()>;
    /// Whether this directory is the one being filled, by device and inode.
    fn is_top(&self, identity: (u64, u64)) -> bool;
    /// Ends the copy, also after a failure.
    fn finish(&mut self) -> Result<()>;
}

/// The shortest time between progress reports.
const PACE: Duration = Duration::from_millis(100);

/// The progress of a copy.
pub struct Tally<'a> {
    /// Bytes of file content.
    pub bytes: u64,
    /// Entries of every kind.
    pub entries: u64,
    /// Sockets, which are skipped.
    pub sockets: u64,
    /// Devices that were skipped: none is created without `archive`, nor by an unprivileged caller.
    pub devices: u64,
    /// Extended attributes that the target does not support or the caller may not set.
    pub attributes: u64,
    /// Files whose size changed during the copy.
    pub changed: u64,
    /// Sparse files of an archive.
    pub sparse: u64,
    told: Instant,
    tell: Option<&'a mut dyn FnMut(u64)>,
}

impl<'a> Tally<'a> {
    /// A tally that reports the number of bytes from time to time.
    pub fn new(tell: Option<&'a mut dyn FnMut(u64)>) -> Tally<'a> {
        let (bytes, entries, sockets, devices, attributes, changed, sparse) = Default::default();
        Tally { bytes, entries, sockets, devices, attributes, changed, sparse, told: Instant::now(), tell }
    }

    /// Counts bytes.
    pub fn add(&mut self, bytes: u64) {
        self.bytes += bytes;
        if let Some(tell) = &mut self.tell
            && self.told.elapsed() >= PACE
        {
            self.told = Instant::now();
            tell(self.bytes);
        }
    }

    /// Counts a file copied with `size` bytes if it has another size now.
    fn compare(&mut self, file: &std::fs::File, size: u64) -> Result<()> {
        self.changed += u64::from(file.metadata()?.len() != size);
        Ok(())
    }
}

/// Runs a source into a sink; modes and times are also set after a failure.
pub fn run(sink: &mut dyn Sink, source: impl FnOnce(&mut dyn Sink) -> Result<()>) -> Result<()> {
    let copied = source(sink);
    let finished = sink.finish();
    copied.and(finished)
}

/// The path of an entry as plain names, without `.` and doubled slashes; `..` is refused.
fn plain(path: &[u8]) -> Result<Vec<u8>> {
    let names: Vec<&[u8]> = path.split(|b| *b == b'/').filter(|name| !name.is_empty() && *name != b".").collect();
    if names.contains(&&b".."[..]) {
        let shown = String::from_utf8_lossy(path).into_owned();
        return Err(Error::new(Errno::EINVAL).with_path(shown).with_detail("a name in the archive leads upward"));
    }
    Ok(names.join(&b'/'))
}

/// Joins two paths.
pub(in crate::sys) fn join(above: &[u8], name: &[u8]) -> Vec<u8> {
    match (above.is_empty(), name.is_empty()) {
        (true, _) => name.to_vec(),
        (_, true) => above.to_vec(),
        _ => [above, b"/", name].concat(),
    }
}

/// A path without its last name, and that name.
pub(in crate::sys) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}
