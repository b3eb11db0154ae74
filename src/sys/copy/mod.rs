//! Copying file trees: a source (`tree_reader`, a tree; `archive`, a tar stream) hands entries to a sink
//! (`tree_writer`, a tree; `archive`, a tar stream). Every name is looked up by descriptor, none twice, so
//! that whoever changes a tree meanwhile cannot lead a copy out of it (CVE-2018-15664).

pub mod archive;
pub mod tree_reader;
pub mod tree_writer;

use std::io::Read;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::{Error, Result};

/// What an entry is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A regular file of so many bytes.
    File(u64),
    /// A folder.
    Dir,
    /// A symbolic link and what it says.
    Link(Vec<u8>),
    /// Another name of an entry before it, which is named as entries are.
    HardLink(Vec<u8>),
    /// A FIFO.
    Fifo,
    /// A device: whether it is a block device, and its number.
    Device(bool, u64),
}

/// One file, folder or link on its way.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its path below what is copied, of plain names; empty for that itself.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// The permission bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// When it was changed last: seconds since 1970 and nanoseconds.
    pub mtime: (i64, i64),
}

/// Where the bytes of a file come from.
pub enum Data<'a> {
    /// A file, whose holes are kept.
    File(&'a std::fs::File),
    /// A stream.
    Stream(&'a mut dyn Read),
    /// A stream that has the holes of a sparse file as zeros.
    Sparse(&'a mut dyn Read),
    /// There are none.
    None,
}

/// What takes entries: parents come before what is in them.
pub trait Sink {
    /// Takes one entry.
    fn put(&mut self, entry: &Entry, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()>;
    /// Whether this folder is the one that is being filled, by device and inode.
    fn is_top(&self, identity: (u64, u64)) -> bool;
    /// Ends the copy, also one that failed.
    fn finish(&mut self) -> Result<()>;
}

/// How often progress is told at most.
const PACE: Duration = Duration::from_millis(100);

/// What was copied so far.
pub struct Tally<'a> {
    /// Bytes of files.
    pub bytes: u64,
    /// Entries of every kind.
    pub entries: u64,
    /// Sockets, which cannot be copied.
    pub sockets: u64,
    /// Files whose size changed while they were copied.
    pub changed: u64,
    told: Instant,
    tell: Option<&'a mut dyn FnMut(u64)>,
}

impl<'a> Tally<'a> {
    /// A tally that tells the bytes now and then.
    pub fn new(tell: Option<&'a mut dyn FnMut(u64)>) -> Tally<'a> {
        Tally { bytes: 0, entries: 0, sockets: 0, changed: 0, told: Instant::now(), tell }
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

    /// Counts a file that was copied at `size` and has another size by now.
    fn compare(&mut self, file: &std::fs::File, size: u64) -> Result<()> {
        self.changed += u64::from(file.metadata()?.len() != size);
        Ok(())
    }
}

/// Runs a source into a sink; what was made gets its modes and times on failure too.
pub fn run(sink: &mut dyn Sink, source: impl FnOnce(&mut dyn Sink) -> Result<()>) -> Result<()> {
    let copied = source(sink);
    let finished = sink.finish();
    copied.and(finished)
}

/// A path of entries as plain names, without `.` and doubled slashes; none of it may be `..`.
fn plain(path: &[u8]) -> Result<Vec<u8>> {
    let names: Vec<&[u8]> = path.split(|b| *b == b'/').filter(|name| !name.is_empty() && *name != b".").collect();
    if names.contains(&&b".."[..]) {
        let shown = String::from_utf8_lossy(path).into_owned();
        return Err(Error::new(Errno::EINVAL).with_path(shown).with_detail("a name in the archive leads upward"));
    }
    Ok(names.join(&b'/'))
}

/// Two paths as one.
fn join(above: &[u8], name: &[u8]) -> Vec<u8> {
    match (above.is_empty(), name.is_empty()) {
        (true, _) => name.to_vec(),
        (_, true) => above.to_vec(),
        _ => [above, b"/", name].concat(),
    }
}

/// A path without its last name, and that name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}
