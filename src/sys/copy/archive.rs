//! A tar stream as a source (tar(5)), in GNU or pax format. The library only handles the format; it never resolves a name
//! from an archive. What programs read in different ways is refused: otherwise a
//! checker of archives could see other files than this one.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};

use nix::errno::Errno;
use tar::EntryType;

use super::attributes::{self, Attribute};
use super::{Data, Entry, Kind, Sink, Tally, plain};
use crate::sys::{Error, Result};

/// The magic numbers of compressed streams.
const COMPRESSED: &[(&[u8], &str)] =
    &[(b"\x1f\x8b", "gunzip"), (b"BZh", "bunzip2"), (b"\xfd7zXZ", "unxz"), (b"\x28\xb5\x2f\xfd", "unzstd")];

/// The beginning of a pax record with an extended attribute.
pub(in crate::sys) const XATTR: &str = "SCHILY.xattr.";

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
            return Err(too_long());
        }
        let mut found = found.map_err(broken)?;
        left.set(u64::MAX);
        let path = found.path_bytes().into_owned();
        let described = describe(&mut found).map_err(|e| e.with_path(String::from_utf8_lossy(&path).into_owned()))?;
        if let Some(entry) = described {
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
        None => {
            let mut text = error.to_string();
            // It contains names and numbers of the archive as they are: of random bytes nothing is shown.
            text = if text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
                String::new()
            } else {
                format!(": {text}")
            };
            refused(format!("it is not a tar archive, or it is damaged{text}"))
        }
    }
}

fn too_long() -> Error {
    let detail = format!("the names and records of an entry have more than {} MiB", HEAD_MOST >> 20);
    Error::new(Errno::EFBIG).with_detail(detail)
}

fn refused(why: impl Into<String>) -> Error {
    Error::new(Errno::EINVAL).with_detail(why)
}

/// What the pax records of an entry say beyond the header.
#[derive(Default)]
struct Records {
    attributes: Vec<Attribute>,
    mtime: Option<(i64, i64)>,
    size: bool,
}

/// Records that change what an entry is. Programs differ in which of two they take, and in whether they take global ones.
const DECISIVE: &[&[u8]] = &[b"path", b"linkpath", b"size", b"uid", b"gid", b"mtime"];

/// Reads the pax records of an entry. The library takes the path, the link, the size and the owner from them.
fn records<R: Read>(found: &mut tar::Entry<'_, R>) -> Result<Records> {
    let names = [found.path_bytes().into_owned(), found.link_name_bytes().unwrap_or_default().into_owned()];
    let mut told = Records::default();
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for record in found.pax_extensions().map_err(broken)?.into_iter().flatten() {
        let record = record.map_err(broken)?;
        let (key, value) = (record.key_bytes(), record.value_bytes());
        if key.starts_with(b"GNU.sparse.") {
            let error = Error::new(Errno::EOPNOTSUPP).with_detail("it is a sparse file in pax format");
            return Err(error.with_hint("create the archive without `tar --sparse`, or with --format=gnu"));
        }
        if let Some(name) = key.strip_prefix(XATTR.as_bytes())
            && attributes::is_copied(name)
        {
            told.attributes.push((name.to_vec(), value.to_vec()));
        }
        if !DECISIVE.contains(&key) {
            continue;
        }
        let shown = String::from_utf8_lossy(key);
        if seen.iter().any(|other| other == key) {
            return Err(refused(format!("it has two pax records {shown:?}")));
        }
        seen.push(key.to_vec());
        match key {
            // A long name in GNU format is another entry, and which of the two counts depends on the program.
            b"path" | b"linkpath" if names[usize::from(key != b"path")] != value => {
                return Err(refused("it has two names, one in GNU and one in pax format"));
            }
            b"path" | b"linkpath" => {}
            b"mtime" => {
                told.mtime = Some(seconds(value).ok_or_else(|| refused("its pax record \"mtime\" is not a time"))?)
            }
            _ if value.is_empty() || !value.iter().all(u8::is_ascii_digit) || value.len() > 19 => {
                return Err(refused(format!("its pax record {shown:?} is not a number")));
            }
            _ => told.size |= key == b"size",
        }
    }
    Ok(told)
}

/// Seconds with a fraction, as seconds and nanoseconds.
fn seconds(text: &[u8]) -> Option<(i64, i64)> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let at: i64 = whole.parse().ok()?;
    let nanoseconds = format!("{:0<9.9}", fraction).parse::<i64>().ok()?;
    // Before 1970, the fraction leads further back.
    Some(if whole.starts_with('-') && nanoseconds > 0 {
        (at.checked_sub(1)?, 1_000_000_000 - nanoseconds)
    } else {
        (at, nanoseconds)
    })
}

/// Checks global pax records, which some programs apply to all entries and others ignore.
fn global<R: Read>(found: &mut tar::Entry<'_, R>) -> Result<()> {
    if found.size() > HEAD_MOST {
        return Err(too_long());
    }
    let mut text = Vec::new();
    found.read_to_end(&mut text).map_err(broken)?;
    for record in tar::PaxExtensions::new(&text) {
        let record = record.map_err(broken)?;
        let key = record.key_bytes();
        // `git archive` writes a comment, and others a time.
        if key != b"mtime" && DECISIVE.contains(&key) || key.starts_with(b"GNU.sparse.") {
            return Err(refused(format!("it has a global pax record {:?}", String::from_utf8_lossy(key))));
        }
    }
    Ok(())
}

/// The type of an archive entry; `None` for entries that are not files.
fn describe<R: Read>(found: &mut tar::Entry<'_, R>) -> Result<Option<Entry>> {
    let kind = found.header().entry_type();
    match kind {
        EntryType::XGlobalHeader => return global(found).map(|()| None),
        // The label of a volume.
        kind if kind.as_byte() == b'V' => return Ok(None),
        _ => {}
    }
    let told = records(found)?;
    let header = found.header();
    let named = found.path_bytes();
    let (path, slash) = (plain(&named)?, named.ends_with(b"/"));
    let target = || found.link_name_bytes().map(|t| t.into_owned()).unwrap_or_default();
    let number = || -> Result<u64> {
        let half = |n: std::io::Result<Option<u32>>| n.map_err(broken).map(Option::unwrap_or_default);
        Ok(rustix::fs::makedev(half(header.device_major())?, half(header.device_minor())?))
    };
    // Before POSIX, a directory was a file whose name ends in a slash.
    let old_directory = slash && header.as_bytes()[156] == 0;
    let kind = match kind {
        EntryType::Regular if old_directory => Kind::Dir,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File(found.size()),
        EntryType::Directory => Kind::Dir,
        EntryType::Symlink => Kind::Link(target()),
        EntryType::Link => Kind::HardLink(plain(&target())?),
        EntryType::Fifo => Kind::Fifo,
        EntryType::Char => Kind::Device(false, number()?),
        EntryType::Block => Kind::Device(true, number()?),
        other => return Err(refused(format!("its type {:?} is unknown", char::from(other.as_byte())))),
    };
    match kind {
        Kind::File(_) if slash => return Err(refused("it is a file, but its name ends in a slash")),
        Kind::File(_) if told.size && header.entry_type() == EntryType::GNUSparse => {
            return Err(refused("it is a sparse file with another size in pax format"));
        }
        // Some programs read this content as the next entry.
        Kind::Link(_) | Kind::HardLink(_) | Kind::Dir | Kind::Fifo | Kind::Device(..) if found.size() > 0 => {
            return Err(refused("it is not a file, but has content"));
        }
        _ => {}
    }
    let id = |what: &str, n: std::io::Result<u64>| -> Result<u32> {
        let id = n.map_err(|_| refused(format!("its {what} is not a number")))?;
        let fits = u32::try_from(id).ok().filter(|id| *id != u32::MAX);
        fits.ok_or_else(|| {
            let error = refused(format!("its {what} {id} is larger than any id of Linux"));
            error.with_hint("create the archive with other owners, for example with `tar --owner=0 --group=0`")
        })
    };
    let (uid, gid) = (id("owner", header.uid())?, id("group", header.gid())?);
    let mode = header.mode().map_err(broken)? & 0o7777;
    let mtime = match told.mtime {
        Some(mtime) => mtime,
        None => (header.mtime().map_err(broken)?.cast_signed(), 0),
    };
    Ok(Some(Entry { path, kind, mode, uid, gid, mtime, attributes: told.attributes }))
}
