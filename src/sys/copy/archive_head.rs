//! The head of an archive's entry: its header, long names in GNU format and pax records (tar(5)). What programs read in
//! different ways is refused: otherwise a checker of archives could see other files than this one.

use nix::errno::Errno;
use tar::{EntryType, Header};

use super::archive_text::{broken, decimal, refused};
use super::attributes::{self, Attribute};
use super::sparse_records::{SPARSE, Sparse};
use super::{Entry, Kind, plain};
use crate::sys::{Error, Result};

/// The beginning of a pax record with an extended attribute.
pub(in crate::sys) const XATTR: &str = "SCHILY.xattr.";

/// The largest size of an entry before its content: long names, pax records and the map of a sparse file. All of it is kept
/// in memory, and an archive may claim any length.
pub(super) const HEAD_MOST: u64 = 1 << 20;

/// What precedes the header of an entry.
#[derive(Default)]
pub(super) struct Head {
    /// A long name in GNU format.
    pub name: Option<Vec<u8>>,
    /// The long target of a link in GNU format.
    pub link: Option<Vec<u8>>,
    /// The pax records.
    pub records: Option<Vec<u8>>,
    spent: u64,
}

impl Head {
    /// Counts bytes of the head.
    pub fn spend(&mut self, bytes: u64) -> Result<()> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent <= HEAD_MOST {
            return Ok(());
        }
        let detail = format!("the names and records of an entry have more than {} MiB", HEAD_MOST >> 20);
        Err(Error::new(Errno::EFBIG).with_detail(detail))
    }

    /// Whether an entry has to follow.
    pub fn is_open(&self) -> bool {
        self.name.is_some() || self.link.is_some() || self.records.is_some()
    }
}

/// The pax records in a text: "LENGTH KEY=VALUE\n", where the value may have any bytes.
fn parse(mut text: &[u8]) -> Result<Vec<(&[u8], &[u8])>> {
    let damaged = || refused("it is not a tar archive, or it is damaged: a pax record has a wrong length");
    let mut list = Vec::new();
    while !text.is_empty() {
        let space = text.iter().take(20).position(|byte| *byte == b' ').ok_or_else(damaged)?;
        let length = std::str::from_utf8(&text[..space])
            .ok()
            .and_then(|digits| digits.parse::<usize>().ok())
            .ok_or_else(damaged)?;
        let record = text.get(space + 1..length).and_then(|record| record.strip_suffix(b"\n")).ok_or_else(damaged)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(damaged)?;
        list.push((&record[..equals], &record[equals + 1..]));
        text = &text[length..];
    }
    Ok(list)
}

/// What the pax records of an entry say beyond the header.
#[derive(Default)]
struct Records {
    attributes: Vec<Attribute>,
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    mtime: Option<(i64, i64)>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    sparse: Option<Sparse>,
}

/// Records that change what an entry is. Programs differ in which of two they take, and in whether they take global ones.
const DECISIVE: &[&[u8]] = &[b"path", b"linkpath", b"size", b"uid", b"gid", b"mtime"];

fn records(text: &[u8]) -> Result<Records> {
    let mut told = Records::default();
    let mut seen: Vec<&[u8]> = Vec::new();
    for (key, value) in parse(text)? {
        if let Some(key) = key.strip_prefix(SPARSE) {
            told.sparse.get_or_insert_default().take(key, value)?;
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
        if seen.contains(&key) {
            return Err(refused(format!("it has two pax records {shown:?}")));
        }
        seen.push(key);
        let number = || decimal(value).ok_or_else(|| refused(format!("its pax record {shown:?} is not a number")));
        match key {
            b"path" => told.path = Some(value.to_vec()),
            b"linkpath" => told.link = Some(value.to_vec()),
            b"mtime" => {
                told.mtime = Some(seconds(value).ok_or_else(|| refused("its pax record \"mtime\" is not a time"))?);
            }
            b"size" => told.size = Some(number()?),
            b"uid" => told.uid = Some(number()?),
            _ => told.gid = Some(number()?),
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
pub(super) fn check_global(text: &[u8]) -> Result<()> {
    for (key, _) in parse(text)? {
        // `git archive` writes a comment, and others a time.
        if key != b"mtime" && DECISIVE.contains(&key) || key.starts_with(SPARSE) {
            return Err(refused(format!("it has a global pax record {:?}", String::from_utf8_lossy(key))));
        }
    }
    Ok(())
}

/// One of a name in GNU format, in pax format and in the header. Which of the first two counts depends on the program.
fn name(gnu: Option<&Vec<u8>>, pax: Option<&Vec<u8>>, header: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>> {
    match (gnu, pax) {
        (Some(gnu), Some(pax)) if gnu != pax => Err(refused("it has two names, one in GNU and one in pax format")),
        (_, Some(name)) | (Some(name), None) => Ok(name.clone()),
        (None, None) => Ok(header()),
    }
}

/// The name of an entry, as far as it can be told, for an error.
pub(super) fn shown(header: &Header, head: &Head) -> String {
    let told = head.records.as_deref().and_then(|text| records(text).ok()).and_then(|records| records.path);
    let name = head.name.clone().or(told).unwrap_or_else(|| header.path_bytes().into_owned());
    String::from_utf8_lossy(&name).into_owned()
}

/// An entry, the bytes that it has in the archive, and whether it is a sparse file in pax format.
pub(super) fn describe(header: &Header, head: &Head) -> Result<(Entry, u64, Option<Sparse>)> {
    let told = head.records.as_deref().map_or_else(|| Ok(Records::default()), records)?;
    let mut named = name(head.name.as_ref(), told.path.as_ref(), || header.path_bytes().into_owned())?;
    if let Some(sparse) = &told.sparse {
        if !matches!(header.entry_type(), EntryType::Regular | EntryType::Continuous) {
            return Err(refused("it has the pax records of a sparse file, but another type"));
        }
        if told.size.is_some() {
            return Err(refused("it is a sparse file with another size in pax format"));
        }
        if let Some(own) = &sparse.name {
            if head.name.is_some() || told.path.is_some() {
                return Err(refused("it is a sparse file with two names"));
            }
            named.clone_from(own);
        }
    }
    let target =
        || name(head.link.as_ref(), told.link.as_ref(), || header.link_name_bytes().unwrap_or_default().into_owned());
    let (path, slash) = (plain(&named)?, named.ends_with(b"/"));
    let stored = told.size.map_or_else(|| header.entry_size().map_err(broken), Ok)?;
    let number = || -> Result<u64> {
        let half = |n: std::io::Result<Option<u32>>| n.map_err(broken).map(Option::unwrap_or_default);
        Ok(rustix::fs::makedev(half(header.device_major())?, half(header.device_minor())?))
    };
    let kind = match header.entry_type() {
        // Before POSIX, a directory was a file whose name ends in a slash.
        EntryType::Regular if slash && header.as_bytes()[156] == 0 => Kind::Dir,
        EntryType::GNUSparse if told.size.is_some() => {
            return Err(refused("it is a sparse file with another size in pax format"));
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File(stored),
        EntryType::Directory => Kind::Dir,
        EntryType::Symlink => Kind::Link(target()?),
        EntryType::Link => Kind::HardLink(plain(&target()?)?),
        EntryType::Fifo => Kind::Fifo,
        EntryType::Char => Kind::Device(false, number()?),
        EntryType::Block => Kind::Device(true, number()?),
        other => return Err(refused(format!("its type {:?} is unknown", char::from(other.as_byte())))),
    };
    match kind {
        Kind::File(_) if slash => return Err(refused("it is a file, but its name ends in a slash")),
        Kind::File(_) => {}
        // Some programs read this content as the next entry.
        _ if stored > 0 => return Err(refused("it is not a file, but has content")),
        _ => {}
    }
    let id = |what: &str, pax: Option<u64>, n: std::io::Result<u64>| -> Result<u32> {
        let id = pax.map_or(n, Ok).map_err(|_| refused(format!("its {what} is not a number")))?;
        let fits = u32::try_from(id).ok().filter(|id| *id != u32::MAX);
        fits.ok_or_else(|| {
            let error = refused(format!("its {what} {id} is larger than any id of Linux"));
            error.with_hint("create the archive with other owners, for example with `tar --owner=0 --group=0`")
        })
    };
    let (uid, gid) = (id("owner", told.uid, header.uid())?, id("group", told.gid, header.gid())?);
    let mode = header.mode().map_err(broken)? & 0o7777;
    let mtime = match told.mtime {
        Some(mtime) => mtime,
        None => (header.mtime().map_err(broken)?.cast_signed(), 0),
    };
    Ok((Entry { path, kind, mode, uid, gid, mtime, attributes: told.attributes }, stored, told.sparse))
}
