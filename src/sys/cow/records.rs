//! What is recorded of a copy-on-write folder, in three small files beside its upper directory.
//! - `start`: "1 PREFIX INODE", with the prefix of the overlay's attributes and the inode of the host's folder. Its
//!   modification time is that of the first start: what changed on the host later is a conflict.
//! - `base`: for paths that an `apply` changed on the host, the inode and the time of the change. They are no conflicts.
//! - `touched`: directories in which an unfinished `apply` has begun to work.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use rustix::fs::{Mode, OFlags, openat, renameat};

use super::seen::{Seen, Time, seen};
use crate::sys::{Error, Result};

/// The contents of the records.
pub struct Records {
    /// The prefix of the overlay's attributes: "trusted.overlay." or "user.overlay.".
    pub prefix: String,
    /// The inode of the host's folder.
    pub ino: u64,
    /// When the container first started.
    pub since: Time,
    /// By path, the inode and change time of what an earlier `apply` left on the host.
    pub base: HashMap<Vec<u8>, (u64, Time)>,
    /// Hard-linked files of which an `apply` has removed a name, which changes their change time.
    pub relinked: HashSet<u64>,
    /// Directories in which an unfinished `apply` has changed something.
    pub touched: HashSet<Vec<u8>>,
}

fn damaged(what: &str) -> Error {
    Error::new(Errno::EINVAL).with_detail(format!("the file {what} is damaged"))
}

/// Reads a small file; none if it does not exist.
pub fn read(place: impl AsFd, name: &str) -> Result<Option<(Vec<u8>, Seen)>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = match openat(place, name, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        opened => File::from(opened?),
    };
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(Some((text, seen(&file)?)))
}

/// Replaces a small file at once.
pub fn write(place: impl AsFd, name: &str, text: &[u8]) -> Result<()> {
    let fresh = format!("{name}.new");
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(&place, &fresh, flags, Mode::RUSR | Mode::WUSR)?);
    file.write_all(text)?;
    Ok(renameat(&place, &fresh, &place, name)?)
}

/// Opens a record to append to.
pub fn append(place: impl AsFd, name: &str) -> Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(openat(place, name, flags, Mode::RUSR | Mode::WUSR)?))
}

/// The items of a record: fields separated by spaces, a zero byte, a path and another zero byte.
fn items(text: &[u8]) -> impl Iterator<Item = (Vec<i64>, Vec<u8>)> {
    let mut parts = text.split(|byte| *byte == 0);
    std::iter::from_fn(move || {
        let (head, path) = (parts.next()?, parts.next()?);
        let head = std::str::from_utf8(head).ok()?;
        Some((head.split(' ').filter_map(|word| word.parse().ok()).collect(), path.to_vec()))
    })
}

/// One item of a record.
pub fn item(fields: &[i64], path: &[u8]) -> Vec<u8> {
    let head = fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    [head.as_bytes(), b"\0", path, b"\0"].concat()
}

impl Records {
    pub fn read(place: &OwnedFd) -> Result<Records> {
        let (text, stat) = read(place, "start")?.ok_or_else(|| damaged("start"))?;
        let text = String::from_utf8(text).map_err(|_| damaged("start"))?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let ["1", prefix, ino] = words[..] else { return Err(damaged("start")) };
        let ino = ino.parse().map_err(|_| damaged("start"))?;
        let mut records = Records {
            prefix: prefix.to_owned(),
            ino,
            since: stat.mtime,
            base: HashMap::new(),
            relinked: HashSet::new(),
            touched: HashSet::new(),
        };
        for (fields, path) in items(&read(place, "base")?.unwrap_or((Vec::new(), stat)).0) {
            records.take(&fields, path);
        }
        for (fields, path) in items(&read(place, "touched")?.unwrap_or((Vec::new(), stat)).0) {
            match fields[..] {
                [] => drop(records.touched.insert(path)),
                _ => records.take(&fields, path),
            }
        }
        Ok(records)
    }

    #[expect(clippy::cast_sign_loss)]
    fn take(&mut self, fields: &[i64], path: Vec<u8>) {
        match *fields {
            [ino, seconds, nanoseconds] => drop(self.base.insert(path, (ino as u64, (seconds, nanoseconds)))),
            [ino] => drop(self.relinked.insert(ino as u64)),
            _ => {}
        }
    }

    /// Whether a file of the host has changed since the container started, other than by an `apply`.
    pub fn changed(&self, path: &[u8], now: &Seen) -> bool {
        let time = if self.relinked.contains(&now.ino) { now.mtime } else { now.ctime };
        time > self.since && self.base.get(path) != Some(&(now.ino, now.ctime))
    }

    /// Writes `base`, and ends what `touched` records.
    #[expect(clippy::cast_possible_wrap)]
    pub fn settle(&mut self, place: &OwnedFd) -> Result<()> {
        let mut text = Vec::new();
        for (path, (ino, time)) in &self.base {
            text.extend(item(&[*ino as i64, time.0, time.1], path));
        }
        for ino in &self.relinked {
            text.extend(item(&[*ino as i64], b""));
        }
        write(place, "base", &text)
    }
}
