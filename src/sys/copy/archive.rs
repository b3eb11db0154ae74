//! A tar stream as a source (tar(5)), in GNU or pax format. Each byte of it is read once, and no name from it is resolved.

use std::io::{BufRead, BufReader, Read};

use nix::errno::Errno;
use tar::{EntryType, Header};

use super::archive_head::{Head, check_global, describe, shown};
use super::archive_text::{broken, refused};
use super::filled::Filled;
use super::sparse::Map;
use super::{Data, Kind, Sink, Tally};
use crate::sys::{Error, Result, interrupt};

/// The magic numbers of compressed streams.
const COMPRESSED: &[(&[u8], &str)] =
    &[(b"\x1f\x8b", "gunzip"), (b"BZh", "bunzip2"), (b"\xfd7zXZ", "unxz"), (b"\x28\xb5\x2f\xfd", "unzstd")];

/// The size of a header, and the unit of all sizes in the stream.
const BLOCK: usize = 512;

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
    let mut head = Head::default();
    while let Some(header) = header(&mut stream)? {
        take(&header, &mut head, &mut stream, sink, tally).map_err(|e| e.with_path(shown(&header, &head)))?;
    }
    if head.is_open() {
        return Err(refused("the archive is truncated: a name or pax record belongs to no entry"));
    }
    // The writer of the stream would otherwise get SIGPIPE.
    while !stream.fill_buf()?.is_empty() {
        interrupt::check()?;
        let got = stream.buffer().len();
        stream.consume(got);
    }
    Ok(())
}

/// Reads a header; `None` at the end of the archive.
fn header(stream: &mut impl Read) -> Result<Option<Header>> {
    let mut header = Header::new_old();
    if !block(stream, header.as_mut_bytes())? {
        return Ok(None);
    }
    let bytes = header.as_bytes();
    if bytes.iter().all(|byte| *byte == 0) {
        let mut second = [0; BLOCK];
        // Some programs go on after one such block.
        if block(stream, &mut second)? && second.iter().any(|byte| *byte != 0) {
            return Err(refused("it is not a tar archive, or it is damaged: a block of zeros is between entries"));
        }
        return Ok(None);
    }
    // The checksum counts as spaces.
    let sum = bytes[..148].iter().chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    if header.cksum().map_err(broken)? != sum {
        return Err(refused("it is not a tar archive, or it is damaged: a header has another checksum"));
    }
    Ok(Some(header))
}

/// Reads a block; false at the end of the stream.
fn block(stream: &mut impl Read, buffer: &mut [u8; BLOCK]) -> Result<bool> {
    let mut filled = 0;
    while filled < BLOCK {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(refused("it is not a tar archive, or it is damaged: it is truncated in a header")),
            Ok(got) => filled += got,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => interrupt::check()?,
            Err(e) => return Err(e.into()),
        }
    }
    Ok(true)
}

/// Takes what follows a header: an entry, or a part of the next one's head.
fn take(
    header: &Header,
    head: &mut Head,
    stream: &mut impl Read,
    sink: &mut dyn Sink,
    tally: &mut Tally<'_>,
) -> Result<()> {
    let kind = header.entry_type();
    match kind {
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader => {}
        // The label of a volume.
        kind if kind.as_byte() == b'V' => return skip(stream, header.entry_size().map_err(broken)?),
        _ => return entry(header, head, stream, sink, tally),
    }
    let size = header.entry_size().map_err(broken)?;
    head.spend(size.saturating_add(BLOCK as u64))?;
    let mut text = Vec::new();
    stream.by_ref().take(size).read_to_end(&mut text)?;
    if text.len() as u64 != size {
        return Err(refused("the archive is truncated in a name or pax record"));
    }
    skip(stream, padding(size))?;
    if kind == EntryType::XGlobalHeader {
        return check_global(&text);
    }
    let place = match kind {
        EntryType::XHeader => &mut head.records,
        EntryType::GNULongName => &mut head.name,
        _ => &mut head.link,
    };
    if kind != EntryType::XHeader {
        // The name ends before the first zero.
        text.truncate(text.iter().position(|byte| *byte == 0).unwrap_or(text.len()));
    }
    if place.replace(text).is_some() {
        return Err(refused(
            "it is not a tar archive, or it is damaged: an entry has two long names or two sets of pax records",
        ));
    }
    Ok(())
}

fn entry(
    header: &Header,
    head: &mut Head,
    stream: &mut impl Read,
    sink: &mut dyn Sink,
    tally: &mut Tally<'_>,
) -> Result<()> {
    let (mut entry, stored, sparse) = describe(header, head)?;
    tally.entries += 1;
    // A part of the content may be the map.
    let (map, before) = match (header.entry_type(), sparse) {
        (EntryType::GNUSparse, _) => (Some(Map::read(header, stored, stream, head)?), 0),
        (_, Some(sparse)) => {
            let (map, before) = Map::of_records(sparse, stored, stream, head)?;
            (Some(map), before)
        }
        _ => (None, 0),
    };
    *head = Head::default();
    let mut content = stream.by_ref().take(stored - before);
    match map {
        // The holes arrive as zeros, and an archive may claim any number of them.
        Some(map) => {
            entry.kind = Kind::File(map.size);
            sink.put(&entry, Data::Sparse(Filled::new(&mut content, map.parts, map.size)), tally)?;
        }
        None => sink.put(&entry, Data::Stream(&mut content), tally)?,
    }
    let left = content.limit();
    skip(stream, left.saturating_add(padding(stored)))
}

fn padding(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}

/// Reads and discards this many bytes.
fn skip(stream: &mut impl Read, bytes: u64) -> Result<()> {
    if bytes > 0 && std::io::copy(&mut stream.take(bytes), &mut std::io::sink())? < bytes {
        return Err(refused("the archive is truncated in this entry"));
    }
    Ok(())
}
