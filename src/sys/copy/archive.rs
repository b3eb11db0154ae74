//! Tar streams as a source and as a sink (tar(5)): GNU and pax formats are read, GNU format is written. The library
//! only handles the format; it never resolves a name from an archive.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use nix::errno::Errno;
use std::os::unix::ffi::OsStrExt;
use tar::{Builder, EntryType, Header};

use super::attributes::{self, Attribute};
use super::{Data, Entry, Kind, Sink, Tally, join, plain};
use crate::sys::{Error, Result, interrupt};

/// The magic numbers of compressed streams.
const COMPRESSED: &[(&[u8], &str)] =
    &[(b"\x1f\x8b", "gunzip"), (b"BZh", "bunzip2"), (b"\xfd7zXZ", "unxz"), (b"\x28\xb5\x2f\xfd", "unzstd")];

/// The beginning of a pax record with an extended attribute.
const XATTR: &str = "SCHILY.xattr.";

/// An archive that is being written.
pub struct Packer {
    tar: Builder<BufWriter<File>>,
    /// The name of the packed tree, with which all other names start.
    name: Vec<u8>,
}

impl Packer {
    /// Packs into `file`; names in the archive start with `name`.
    pub fn new(file: File, name: &str) -> Packer {
        Packer { tar: Builder::new(BufWriter::with_capacity(256 << 10, file)), name: name.as_bytes().to_vec() }
    }
}

impl Packer {
    /// Writes the extended attributes of the next entry as GNU tar and docker do.
    fn attributes(&mut self, entry: &Entry) -> Result<()> {
        let mut records = Vec::new();
        for (name, value) in &entry.attributes {
            if let Ok(name) = std::str::from_utf8(name) {
                records.push((format!("{XATTR}{name}"), &value[..]));
            }
        }
        if records.is_empty() {
            return Ok(());
        }
        Ok(self.tar.append_pax_extensions(records.iter().map(|(name, value)| (&name[..], *value)))?)
    }
}

impl Sink for Packer {
    fn put(&mut self, entry: &Entry, data: Data<'_>, tally: &mut Tally<'_>) -> Result<()> {
        interrupt::check()?;
        let mut name = join(&self.name, &entry.path);
        if entry.kind == Kind::Dir {
            name.push(b'/');
        }
        let path = Path::new(std::ffi::OsStr::from_bytes(&name));
        let mut header = Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_uid(entry.uid.into());
        header.set_gid(entry.gid.into());
        header.set_mtime(u64::try_from(entry.mtime.0).unwrap_or(0));
        header.set_size(0);
        let plain = |kind: &Kind| match kind {
            Kind::Dir => EntryType::Directory,
            Kind::Fifo => EntryType::Fifo,
            Kind::Device(true, _) => EntryType::Block,
            Kind::Device(false, _) => EntryType::Char,
            _ => EntryType::Regular,
        };
        self.attributes(entry)?;
        match (&entry.kind, data) {
            (Kind::File(size), Data::File(file)) => {
                header.set_entry_type(EntryType::Regular);
                header.set_size(*size);
                self.tar.append_data(&mut header, path, Exactly { source: file, left: *size, tally })?;
            }
            (Kind::File(size), Data::Stream(source) | Data::Sparse(source)) => {
                header.set_entry_type(EntryType::Regular);
                header.set_size(*size);
                self.tar.append_data(&mut header, path, Exactly { source, left: *size, tally })?;
            }
            (Kind::Link(target), _) => {
                header.set_entry_type(EntryType::Symlink);
                self.tar.append_link(&mut header, path, Path::new(std::ffi::OsStr::from_bytes(target)))?;
            }
            (Kind::HardLink(first), _) => {
                header.set_entry_type(EntryType::Link);
                let first = join(&self.name, first);
                self.tar.append_link(&mut header, path, Path::new(std::ffi::OsStr::from_bytes(&first)))?;
            }
            (kind, _) => {
                header.set_entry_type(plain(kind));
                if let Kind::Device(_, number) = kind {
                    header.set_device_major(rustix::fs::major(*number))?;
                    header.set_device_minor(rustix::fs::minor(*number))?;
                }
                self.tar.append_data(&mut header, path, std::io::empty())?;
            }
        }
        Ok(())
    }

    fn is_top(&self, _: (u64, u64)) -> bool {
        false
    }

    fn finish(&mut self) -> Result<()> {
        self.tar.finish()?;
        Ok(self.tar.get_mut().flush()?)
    }
}

/// The content of a file, exactly as long as the header says: a file that shrinks is padded, and one that grows is cut.
pub(super) struct Exactly<'b, 't, R> {
    pub(super) source: R,
    pub(super) left: u64,
    pub(super) tally: &'b mut Tally<'t>,
}

impl<R: Read> Read for Exactly<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let buffer = &mut buffer[..most];
        let mut got = self.source.read(buffer)?;
        if got == 0 {
            buffer.fill(0);
            got = buffer.len();
        }
        self.left -= got as u64;
        self.tally.add(got as u64);
        Ok(got)
    }
}

/// The largest size of an entry before its content: header, long names, pax records and the map of a sparse file. The
/// library keeps all of it in memory, and an archive may claim any length.
const HEAD_MOST: u64 = 1 << 20;

/// A stream with a limit on the bytes that may still be read.
struct Bounded<'a, R> {
    stream: R,
    left: &'a Cell<u64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = usize::try_from(self.left.get()).map_or(buffer.len(), |left| left.min(buffer.len()));
        if most == 0 && !buffer.is_empty() {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        let got = self.stream.read(&mut buffer[..most])?;
        self.left.set(self.left.get() - got as u64);
        Ok(got)
    }
}

/// Passes the entries of a tar stream to the sink, and reads the stream to its end. Errors: EINVAL if it is not an
/// archive, is compressed, or has a name that leads upward; EFBIG for oversized names and records.
pub fn unpack(stream: impl Read, sink: &mut dyn Sink, tally: &mut Tally<'_>) -> Result<()> {
    let mut stream = BufReader::with_capacity(256 << 10, stream);
    let begin = stream.fill_buf()?;
    if begin.is_empty() {
        return Err(Error::new(Errno::EINVAL).with_detail("the stream is empty: it is not an archive"));
    }
    if let Some((_, program)) = COMPRESSED.iter().find(|(magic, _)| begin.starts_with(magic)) {
        let error = Error::new(Errno::EINVAL).with_detail("the archive is compressed");
        return Err(error.with_hint(format!("pipe it through `{program}` first")));
    }
    let left = Cell::new(0);
    let mut archive = tar::Archive::new(Bounded { stream, left: &left });
    let mut entries = archive.entries().map_err(broken)?;
    loop {
        left.set(HEAD_MOST);
        let Some(found) = entries.next() else { break };
        if left.get() == 0 {
            let detail = format!("the names and records of an entry have more than {} MiB", HEAD_MOST >> 20);
            return Err(Error::new(Errno::EFBIG).with_detail(detail));
        }
        let mut found = found.map_err(broken)?;
        left.set(u64::MAX);
        let described = describe(&found)?;
        if let Some(mut entry) = described {
            entry.attributes = attributes_of(&mut found)?;
            tally.entries += 1;
            // The holes of a sparse file arrive as zeros, and an archive may claim any number of them.
            let sparse = found.header().entry_type() == EntryType::GNUSparse;
            let data = if sparse { Data::Sparse(&mut found) } else { Data::Stream(&mut found) };
            sink.put(&entry, data, tally)?;
        }
        // The rest would otherwise be counted as the header of the next entry.
        std::io::copy(&mut found, &mut std::io::sink())?;
    }
    left.set(u64::MAX);
    // The writer of the stream would otherwise get SIGPIPE.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink())?;
    Ok(())
}

/// An error of the stream itself.
fn broken(error: std::io::Error) -> Error {
    match error.raw_os_error() {
        Some(_) => error.into(),
        // It contains names and numbers of the archive as they are.
        None => {
            let plain = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
            let text: String = error.to_string().chars().map(plain).collect();
            Error::new(Errno::EINVAL).with_detail(format!("it is not a tar archive, or it is damaged: {text}"))
        }
    }
}

/// The extended attributes of an archive entry.
fn attributes_of<R: Read>(found: &mut tar::Entry<'_, R>) -> Result<Vec<Attribute>> {
    let mut list = Vec::new();
    for record in found.pax_extensions().map_err(broken)?.into_iter().flatten() {
        let record = record.map_err(broken)?;
        if let Some(name) = record.key_bytes().strip_prefix(XATTR.as_bytes())
            && attributes::is_copied(name)
        {
            list.push((name.to_vec(), record.value_bytes().to_vec()));
        }
    }
    Ok(list)
}

/// The type of an archive entry; `None` for entries that are not files.
fn describe<R: Read>(found: &tar::Entry<'_, R>) -> Result<Option<Entry>> {
    let header = found.header();
    let path = plain(&found.path_bytes())?;
    let target = || found.link_name_bytes().map(|t| t.into_owned()).unwrap_or_default();
    let number = || -> Result<u64> {
        let half = |n: std::io::Result<Option<u32>>| n.map_err(broken).map(Option::unwrap_or_default);
        Ok(rustix::fs::makedev(half(header.device_major())?, half(header.device_minor())?))
    };
    let kind = match header.entry_type() {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File(found.size()),
        EntryType::Directory => Kind::Dir,
        EntryType::Symlink => Kind::Link(target()),
        EntryType::Link => Kind::HardLink(plain(&target())?),
        EntryType::Fifo => Kind::Fifo,
        EntryType::Char => Kind::Device(false, number()?),
        EntryType::Block => Kind::Device(true, number()?),
        _ => return Ok(None),
    };
    let id = |n: std::io::Result<u64>| -> Result<u32> {
        let wrong = || {
            Error::new(Errno::EINVAL)
                .with_path(String::from_utf8_lossy(&path).into_owned())
                .with_detail("its owner is not a number")
        };
        u32::try_from(n.map_err(broken)?).ok().filter(|n| *n != u32::MAX).ok_or_else(wrong)
    };
    let (uid, gid) = (id(header.uid())?, id(header.gid())?);
    let mode = header.mode().map_err(broken)? & 0o7777;
    let mtime = (i64::try_from(header.mtime().map_err(broken)?).unwrap_or(0), 0);
    Ok(Some(Entry { path, kind, mode, uid, gid, mtime, attributes: Vec::new() }))
}
